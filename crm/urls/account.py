from django.urls import path

from crm.views import account

urlpatterns = [
    path("connexion/", account.SignIn.as_view(), name="sign_in"),
    path("connexion/oubli/", account.LostPassword.as_view(), name="lost_password"),
    path("connexion/oubli/envoye/", account.lost_password_sent, name="lost_password_sent"),
    path("deconnexion/", account.sign_out, name="sign_out"),
    path("compte/", account.account, name="account"),
    path("compte/mot-de-passe/", account.password, name="password"),
    path("compte/theme/", account.theme, name="theme"),
    path("territoire/", account.switch_territory, name="switch_territory"),
    path("plus/", account.more, name="more"),
]
