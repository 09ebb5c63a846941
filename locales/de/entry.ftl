# Was schiefgeht, und die Türen vor dem Portal: Anmeldung, Einladungen, neue Passwörter.

wrong-title = Es wurde noch nichts gesendet
wrong-field = Dieses Feld
wrong-required = { $field } fehlt noch.
wrong-format = { $field }: Das lässt sich nicht lesen.
wrong-range = { $field }: Das liegt außerhalb des Möglichen.
wrong-option = { $field }: Bitte eine der Möglichkeiten wählen.
wrong-size = { $field }: Das ist zu lang.
wrong-number = { $field }: Bitte eine Zahl eingeben.
wrong-day = { $field }: Bitte einen Tag eingeben, zum Beispiel 2026-12-01.
wrong-link = { $field }: Unter diesem Namen gibt es nichts.
wrong-file = Wählen Sie zuerst eine Datei.
wrong-step = Das ist im Moment nicht möglich.
wrong-permission = Das dürfen Sie nicht.
wrong-sign-in = Name oder Passwort stimmt nicht.
wrong-wait = Zu viele Versuche. Bitte etwas später noch einmal.
wrong-password-length = Ein Passwort hat mindestens 10 Zeichen, ist kein verbreitetes und nicht aus Ihrem Namen gemacht.
wrong-password-present = Das jetzige Passwort stimmt nicht.
wrong-other = Das konnte nicht übernommen werden.

failed-missing = Hier ist nichts
failed-missing-detail = Diese Seite gibt es nicht, oder sie ist nicht für Sie.
failed-forbidden = Das dürfen Sie nicht
failed-forbidden-detail = Jemand anders darf es. Fragen Sie die Person, die Sie betreut.
failed-large = Das ist zu groß
failed-large-detail = Senden Sie eine kleinere Datei oder mehrere kleinere.
failed-conflict = Jemand anders war schneller
failed-conflict-detail = Gehen Sie zurück, öffnen Sie die Seite neu und sehen Sie nach, was sich geändert hat.
failed-away = Wir sind kurz nicht erreichbar
failed-away-detail = Es wurde nichts gespeichert. Versuchen Sie es in einer Minute noch einmal.
failed-unreadable = Das ließ sich nicht lesen
failed-unreadable-detail = Gehen Sie zurück, öffnen Sie die Seite neu und senden Sie das Formular noch einmal.
failed-fault = Bei uns ist etwas fehlgeschlagen
failed-fault-detail = Es wurde nichts gespeichert. Versuchen Sie es noch einmal, und nennen Sie uns die Nummer unten, wenn es bleibt.
failed-back = Zur ersten Seite
failed-id = Vorgang { $id }

sign-in-title = Anmelden
sign-in-name = Name
sign-in-password = Passwort
sign-in-button = Anmelden
sign-in-passkey = Mit einem Passkey anmelden
sign-in-with = Mit { $provider } anmelden

sign-out-title = Sie sind hier abgemeldet
sign-out-still = Bei { $provider } sind Sie vielleicht noch angemeldet; dieser Browser käme dann ohne Frage wieder herein.
sign-out-there = Auch bei { $provider } abmelden
sign-out-again = Wieder anmelden

link-welcome = Willkommen
link-reset = Ein neues Passwort
link-once = Dieser Link gilt einmal. Er setzt das Passwort von
link-password = Passwort, mindestens 10 Zeichen
link-button = Passwort setzen
link-passkey = Stattdessen einen Passkey verwenden
link-passkey-why = Oder kommen Sie mit einem Passkey herein, ohne Passwort: Ihr Gerät fragt nach Finger, Gesicht oder seinem eigenen Code.
link-passkey-name = Name des Passkeys
link-passkey-example = Wo er ist, zum Beispiel Laptop
