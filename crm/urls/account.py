from django.urls import path

from crm.views import account

urlpatterns = [
    path("connexion/", account.SignIn.as_view(), name="sign_in"),
    path("deconnexion/", account.sign_out, name="sign_out"),
    path("compte/", account.account, name="account"),
    path("compte/mot-de-passe/", account.password, name="password"),
    path("compte/theme/", account.theme, name="theme"),
    path("territoire/", account.switch_territory, name="switch_territory"),
    path("plus/", account.more, name="more"),
]
