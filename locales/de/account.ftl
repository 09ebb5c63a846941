# Das Konto einer Person: zweiter Faktor, Passkeys, Sitzungen, Mail. Dieselben Schlüssel wie im Englischen.

account-back = Zurück zum Konto

factor-title = Zweiter Faktor
factor-on = Nach dem Passwort wird nach einem Code Ihrer App gefragt.
factor-off = Es wird nur nach dem Passwort gefragt. Mit einem zweiten Faktor reicht ein Passwort, das bekannt wurde, nicht aus.
factor-change = Ändern
factor-set-up = Zweiten Faktor einrichten
factor-confirm = Bestätigen
factor-end-title = Entfernen
factor-end-help = Um ihn auf einem anderen Gerät einzurichten, entfernen Sie ihn und richten ihn neu ein.
factor-end = Zweiten Faktor entfernen

codes-left = Übrige Wiederherstellungscodes:
codes-before = Sie wurden einmal gezeigt, als sie gemacht wurden, und niemand kann sie noch einmal zeigen.
codes-before-left = davon sind übrig.
codes-keep = Wenn Sie sie verwahrt haben, ist nichts zu tun. Wenn nicht, machen Sie neue: Die alten gelten dann nicht mehr.
codes-new-title = Wiederherstellungscodes
codes-new-help = Macht zehn neue Codes; die alten gelten dann nicht mehr.
codes-new = Neue Wiederherstellungscodes machen

passkey-title = Passkeys
passkey-why = Mit einem Passkey melden Sie sich über Ihr Gerät an, das nach Finger, Gesicht oder seinem eigenen Code fragt. Wer einen hat, wird auch nach dem Passwort danach gefragt.
passkey-name = Name
passkey-since = Eingerichtet
passkey-never = noch nie
passkey-remove = Entfernen
passkey-remove-it = Entfernen
passkey-remove-that = Entfernen: Passkey { $name }
passkey-register = Passkey einrichten
passkey-registered = Der Passkey ist eingerichtet. Von jetzt an wird nach dem Passwort nach ihm gefragt.

session-title = Sitzungen
session-help = Eine Sitzung endet 12 Stunden nach der letzten Nutzung, spätestens eine Woche nach der Anmeldung.
session-browser = Browser
session-address = Adresse
session-since = Seit
session-used = Zuletzt genutzt
session-this = diese
session-by = mit { $method }
session-on = { $browser } auf { $system }
session-end = Beenden
session-end-that = Beenden: Sitzung von { $browser } seit { $since }
session-others = Alle anderen beenden

mailing-title = Mail
mailing-how = Wie oft
mailing-each = Jede sofort
mailing-hourly = Eine Mail in der Stunde, mit allem
mailing-daily = Eine Mail am Tag, mit allem
mailing-urgent = Nur Dringendes: Genehmigungen und Links
mailing-at = Die tägliche Mail kommt um
mailing-from = Keine Mail von
mailing-until = bis
mailing-help = Die Zeiten gelten in Ihrer eigenen Zeitzone, wie sie bei Ihrer Person eingetragen ist. Lassen Sie beide leer für Mail zu jeder Stunde; Dringendes kommt sofort.
mailing-keep = Merken

prove-sessions = Wer anderswo in Ihrem Konto angemeldet ist, wird abgemeldet, auch Sie selbst auf Ihren anderen Geräten. Dieser Browser bleibt angemeldet.
prove-session = Wer dort in Ihrem Konto angemeldet ist, wird abgemeldet.
prove-passkey = Der Passkey meldet Sie nicht mehr an. Entfernen Sie ihn auch von Ihrem Gerät.
passkey-copied = Der Zähler dieses Passkeys ging zurück, wie er es tut, wenn jemand eine Kopie davon hat. Sie sind nicht angemeldet. Nehmen Sie einen anderen Weg, entfernen Sie den Passkey und sagen Sie es einem Administrator.
