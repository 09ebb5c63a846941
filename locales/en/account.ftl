# The account of a person: second factor, passkeys, sessions, mail. Staff reads the English at the desk.

account-back = Back to the account

factor-title = Second factor
factor-on = A code of your app is asked for after the password.
factor-off = Only the password is asked for. With a second factor, a password that became known is not enough.
factor-change = Change it
factor-set-up = Set up a second factor
factor-confirm = Confirm
factor-end-title = Take it away
factor-end-help = To set it up on another device, take it away and set it up again.
factor-end = Take the second factor away

codes-left = Recovery codes left:
codes-before = They were shown once, when they were made, and nobody can show them again.
codes-before-left = of them are left.
codes-keep = If you have kept them, there is nothing to do. If not, make new ones: the old ones end with that.
codes-new-title = Recovery codes
codes-new-help = Makes ten new codes; the old ones end.
codes-new = Make new recovery codes

passkey-title = Passkeys
passkey-why = A passkey signs you in by your device, which asks for your finger, your face or its own code. Who has one is asked for it after the password, too.
passkey-name = Name
passkey-since = Registered
passkey-never = never
passkey-remove = Remove
passkey-remove-it = Remove it
passkey-remove-that = Remove the passkey { $name }
passkey-register = Register a passkey
passkey-registered = The passkey is registered. From now on it is asked for after your password.

session-title = Sessions
session-help = A session ends 12 hours after its last use, and a week after sign-in at the latest.
session-browser = Browser
session-address = Address
session-since = Since
session-used = Last used
session-this = this one
session-by = by { $method }
session-on = { $browser } on { $system }
session-end = End it
session-end-that = End it: the session of { $browser } since { $since }
session-others = End all others

mailing-title = Mail
mailing-how = How often
mailing-each = Each at once
mailing-hourly = One mail an hour, with everything
mailing-daily = One mail a day, with everything
mailing-urgent = Only what is urgent: approvals and links
mailing-at = The daily mail comes at
mailing-from = No mail from
mailing-until = until
mailing-help = Times are those of your own time zone, as your person's record names it. Leave both empty for mail at any hour; what is urgent comes at once.
mailing-keep = Keep

prove-sessions = Everybody who is signed in to your account elsewhere is signed out, also you on your other devices. This browser stays signed in.
prove-session = Whoever is signed in to your account there is signed out.
prove-passkey = The passkey signs you in no more. Remove it from your device, too.
passkey-copied = The counter of this passkey went back, as it does where somebody has a copy of it. You are not signed in. Take another way in, remove the passkey, and tell an administrator.
