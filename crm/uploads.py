"""What becomes of a file while it is being received."""

import io

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopFutureHandlers

MARGIN = 1024 * 1024  # the other fields of the form, and what separates them


class SizeGuard(FileUploadHandler):
    """Keep nothing of a request larger than any import accepts, in memory or on disk.

    The form still gets an empty file with its name and size, so that its own sentence refuses it.
    What remains is read and dropped: a browser shows no answer to what it has not finished sending.
    """

    is_too_large = False

    def handle_raw_input(self, input_data, META, content_length, boundary, encoding=None):
        self.announced = content_length
        self.is_too_large = content_length > settings.IMPORT_MAX_BYTES + MARGIN

    def new_file(self, *args, **kwargs):
        super().new_file(*args, **kwargs)
        if self.is_too_large:
            raise StopFutureHandlers

    def receive_data_chunk(self, raw_data, start):
        return None if self.is_too_large else raw_data

    def file_complete(self, file_size):
        if self.is_too_large:
            return UploadedFile(io.BytesIO(), self.file_name, size=self.announced)
        return None
