# What goes wrong, and the doors before the portal: sign-in, invitations, new passwords.

wrong-title = Nothing was sent yet
wrong-field = This field
wrong-required = { $field } is needed.
wrong-format = { $field }: this cannot be read.
wrong-range = { $field }: this lies outside of what is possible.
wrong-option = { $field }: choose one of the options.
wrong-size = { $field }: this is too long.
wrong-number = { $field }: write a number.
wrong-day = { $field }: write a day, such as 2026-12-01.
wrong-link = { $field }: there is nothing of this name.
wrong-file = Choose a file first.
wrong-step = This is not possible at present.
wrong-permission = You may not do this.
wrong-sign-in = The name or the password is not right.
wrong-wait = Too many attempts. Wait a while and try again.
wrong-password-length = A password has at least 10 characters, is not a common one and not made of your name.
wrong-password-present = The present password is not right.
wrong-other = This could not be taken.

failed-missing = Nothing is here
failed-missing-detail = There is no such page, or it is not for you.
failed-forbidden = You may not do this
failed-forbidden-detail = Somebody else may. Ask whoever looks after you.
failed-large = This is too large
failed-large-detail = Send a smaller file, or several smaller ones.
failed-conflict = Somebody else was faster
failed-conflict-detail = Go back, open the page again and look at what changed.
failed-away = We are away for a moment
failed-away-detail = Nothing was written. Try again in a minute.
failed-unreadable = This could not be read
failed-unreadable-detail = Go back, open the page again and send the form once more.
failed-fault = Something failed on our side
failed-fault-detail = Nothing was written. Try again, and tell us the number below if it stays.
failed-back = Go to the first page
failed-id = Request { $id }

sign-in-title = Sign in
sign-in-name = Name
sign-in-password = Password
sign-in-button = Sign in
sign-in-passkey = Sign in with a passkey
sign-in-with = Sign in with { $provider }

sign-out-title = You are signed out here
sign-out-still = You may still be signed in at { $provider }, and this browser could come in again without a question.
sign-out-there = Sign out at { $provider }, too
sign-out-again = Sign in again

link-welcome = Welcome
link-reset = A new password
link-once = This link works once. It sets the password of
link-password = Password, at least 10 characters
link-button = Set the password
link-passkey = Use a passkey instead
link-passkey-why = Or come in by a passkey, without a password: your device asks for your finger, your face or its own code.
link-passkey-name = Name of the passkey
link-passkey-example = Where it is, such as laptop
