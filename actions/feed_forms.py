from django import forms

from crm.forms.base import Form


class FeedForm(Form):
    name = forms.CharField(
        label="Pour quel appareil ou quel agenda\u00a0?",
        max_length=60,
        help_text="«\u00a0mon téléphone\u00a0», «\u00a0agenda de la mairie\u00a0»…",
    )
