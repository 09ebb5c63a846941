# Das Portal der Kunden und Anwender. Dieselben Schlüssel wie im Englischen.

portal-name = { $organization } Hilfe
portal-skip = Zum Inhalt
portal-menu = Ihre Seiten
portal-desk = Zum Arbeitsplatz
portal-home = Zurück zur ersten Seite
portal-sign-out = Abmelden

home-title = Was brauchen Sie?
home-describe = Beschreiben Sie es mit Ihren Worten
home-example = Zum Beispiel: Kartenzahlung abgelehnt
home-look = Suchen
home-ask = Anfordern
home-broken = Störung melden
home-broken-help = Sagen Sie uns, was nicht geht. Wir antworten, wie es vereinbart ist.
home-other = Etwas anderes
home-other-help = Für alles, was kein eigenes Formular hat.
home-complaint = Beschwerde oder Lob
home-complaint-help = Geht an die Person, die für den Service einsteht.
home-services = Ihre Services
home-status = Status und Wartungen
home-approvals = { $count ->
    [one] { $count } Anfrage wartet auf Ihre Genehmigung
   *[other] { $count } Anfragen warten auf Ihre Genehmigung
}
home-no-services = Für Sie sind noch keine Services eingetragen.

offers-title = Was dazu passt
offers-known = Das ist uns bekannt:
offers-present = Zurzeit gestört:
offers-me-too = Das betrifft mich auch
language-unknown = Diese Sprache gibt es hier nicht. Bitte wählen Sie eine aus der Liste.
is-over = Das ist vorbei. Wenn jetzt etwas nicht geht, ist es etwas anderes:
offers-answer = Antwort
offers-workaround = Umgehung
offers-form = Formular
offers-none = Zu „{ $text }“ haben wir nichts gefunden. Melden Sie es, dann kümmert sich jemand darum.
offers-report = Störung melden
offers-ask = Etwas anderes anfordern

services-working = läuft
services-maintenance = Wartung
services-disturbed = gestört
services-away = nicht verfügbar
services-month = { $share } in diesem Monat
services-explained = Gestört heißt: Es läuft mit Mühe oder nicht bei allen. Der Anteil zählt nur die Zeit, in der ein Service gar nicht lief: So kann er gestört und doch zu 100 % verfügbar sein.

length-days = { $count ->
    [one] { $count } Tag
   *[other] { $count } Tagen
}
length-hours = { $count ->
    [one] { $count } Stunde
   *[other] { $count } Stunden
}

notice-from = Ab { $at }.
notice-until = Bis { $at }.
notice-next = Nächste Nachricht: { $at }.

article-symptoms = Woran man es erkennt
article-workaround = Was bis dahin hilft
article-advice = Was Sie bis dahin tun können
article-ask = Hat das geholfen?
article-helped = Ja, das hat geholfen
article-helped-not = Nein
article-thanks = Danke. So wissen wir, was bleiben soll.
article-sorry = Danke für den Hinweis. Melden Sie es, dann kümmert sich jemand darum.
article-report = Stattdessen melden

form-approved = Braucht eine Genehmigung.
form-within = Erledigt innerhalb von { $length }.
form-notice = Sie melden, dass Sie auch betroffen sind: { $title }
form-title = In einem Satz
form-description = Was ist los, seit wann und für wen?
ask-description = Was brauchen Sie, wofür und bis wann?
form-more = Was sollten wir sonst noch wissen?
form-service = Um welchen Service geht es?
form-about = Es geht um: { $service }
form-service-unknown = Weiß ich nicht
form-file = Bild oder Datei
form-required = (nötig)
form-choose = Bitte wählen
form-yes = Ja
form-no = Nein
form-send = Absenden
form-leave = Abbrechen

complain-title = Worum geht es, in einem Satz?
complain-category = Womit waren Sie nicht zufrieden?
complain-description = Was ist geschehen, und was würde es wiedergutmachen? Auch Lob ist willkommen.

request-sent = Danke. Wir haben es unter { $reference } aufgenommen.
request-created = Gesendet von { $by }
request-due = Erwartet bis
request-talk = Was bisher geschah
request-answer = Ihre Antwort
request-answer-send = Antwort senden
request-files = Dateien
request-file-choose = Dateien zum Hinzufügen
request-file-add = Hinzufügen
request-follow = Auf dem Laufenden bleiben
request-unfollow = Nicht mehr benachrichtigen

step-approve-title = { $by } bittet um Ihre Genehmigung
step-approve = Genehmigen …
step-decline-why = Ablehnen …
step-decline-note = Warum nicht?
step-decline = Ablehnung senden
approve-since = Seit { $at }. Es geschieht nichts, bevor Sie es auf der nächsten Seite bestätigen.
approve-title = Diese Anfrage genehmigen?
approve-by = Gefragt von
approve-at = Gefragt am
approve-note = Möchten Sie etwas dazu sagen? Sie können das auslassen.
approve-yes = Ja, ich genehmige das
approve-back = Zurück, ohne zu entscheiden
approve-rather-not = Stattdessen ablehnen
approve-changed = Die Anfrage hat sich geändert, seit Sie diese Seite geöffnet haben. Sehen Sie sie noch einmal an, und entscheiden Sie dann.
decide-as = Sie entscheiden als { $name }. Es geschieht nichts, bevor Sie einen Knopf drücken.
decide-done = Erledigt
decide-gone = Dieser Link gilt nicht mehr
decide-gone-why = Er wurde schon verwendet, ist älter als sieben Tage, oder die Anfrage hat sich geändert, seit die Mail geschickt wurde. Melden Sie sich an, um zu sehen, wie sie steht.
decide-portal = Zu Ihren Genehmigungen

decline-title = Diese Anfrage ablehnen?
decline-rather-not = Stattdessen genehmigen
thanks-agreed = Danke. Die Anfrage ist genehmigt, und die Arbeit beginnt.
thanks-declined = Danke. Die Anfrage ist abgelehnt, und wer gefragt hat, erfährt den Grund.
thanks-rated = Danke für Ihre Bewertung.
thanks-confirmed = Danke für die Rückmeldung. Der Vorgang ist geschlossen.
thanks-reopened = Der Vorgang ist wieder offen. Wir haben gelesen, warum.

step-confirm-title = Aus unserer Sicht ist es erledigt. Stimmt das?
step-confirm = Ja, es ist erledigt
step-rate-title = Wie waren wir?
step-rate = Bewertung senden
step-reopen-title = Es ist nicht erledigt
step-reopen-why = Was fehlt noch?
step-reopen = Wieder öffnen

rating-ask = Wie zufrieden sind Sie?
rating-ask-optional = Wie zufrieden sind Sie? Sie können das auslassen.
rating-note = Möchten Sie etwas dazu sagen?
rating-1 = sehr schlecht
rating-2 = schlecht
rating-3 = mittel
rating-4 = gut
rating-5 = sehr gut

mine-title = Meine Anfragen
mine-new = Etwas anfordern
mine-open = Offen
mine-over = Abgeschlossen
mine-none-open = Nichts ist offen. Was Sie senden, steht hier, bis es erledigt ist.
mine-changed = geändert { $at }

approvals-title = Genehmigungen
approvals-waiting = Warten auf Sie
approvals-decided = Entschieden
approvals-asked = { $by } fragt seit { $at }
approvals-look = „{ $title }“ ansehen und genehmigen
approvals-decline = „{ $title }“ ansehen und ablehnen
approvals-none = Nichts wartet auf Ihre Genehmigung.

status-title = Status der Services
status-all-well = Alle Ihre Services laufen.
status-some-maintenance = Einige Ihrer Services werden gewartet.
status-some-disturbed = Einige Ihrer Services sind gestört.
status-present = Jetzt
status-planned = Geplant
status-news = Neuigkeiten
status-past = Die letzten 90 Tage
status-days = { $count ->
    [0] Keine Störung in 90 Tagen, zu { $share } verfügbar
    [one] { $count } Tag mit einer Störung in 90 Tagen, zu { $share } verfügbar
   *[other] { $count } Tage mit einer Störung in 90 Tagen, zu { $share } verfügbar
}
status-follow-help = Sie bekommen eine Mail, wenn ein Service, dem Sie folgen, unterbrochen ist, wieder läuft oder es Neues gibt.
status-follow = Über { $service } benachrichtigen
status-unfollow = Nicht mehr über { $service } benachrichtigen

me-title = Sie
me-language = Sprache
me-language-choose = In welcher Sprache lesen Sie?
me-language-browser = Wie der Browser es sagt
me-language-save = Sprache speichern
me-password = Passwort
me-password-present = Jetziges Passwort
me-password-new = Neues Passwort, mindestens 10 Zeichen
me-password-save = Passwort ändern
me-more = Ihr ganzes Konto, am Arbeitsplatz
me-password-help = Alle Ihre Sitzungen enden, auch diese. Melden Sie sich danach neu an.
