# The portal of customers and users. One key a text; the other languages have the same keys.

portal-name = { $organization } help
portal-skip = Go to the content
portal-menu = Your pages
portal-desk = Open the desk
portal-home = Back to the first page
portal-sign-out = Sign out

home-title = What do you need?
home-describe = Describe it in your own words
home-example = For example: card terminal declined
home-look = Look
home-ask = Ask for
home-broken = Report something broken
home-broken-help = Tell us what does not work. We answer as your agreement says.
home-other = Something else
home-other-help = For what has no form of its own.
home-complaint = Complaint or praise
home-complaint-help = Goes to who answers for the service.
home-services = Your services
home-status = Status and maintenance
home-approvals = { $count ->
    [one] { $count } request waits for your approval
   *[other] { $count } requests wait for your approval
}
home-no-services = No services are listed for you yet.

offers-title = What fits
offers-known = We know about this:
offers-present = Disturbed at present:
offers-me-too = This affects me too
language-unknown = There is no such language here. Please choose one of the list.
is-over = This is over. If something is broken now, it is something else:
offers-answer = answer
offers-workaround = workaround
offers-form = request
offers-none = We found nothing about “{ $text }”. Report it, and a person will look at it.
offers-report = Report something broken
offers-ask = Ask for something else

services-working = working
services-maintenance = maintenance
services-disturbed = disturbed
services-away = not available
services-month = { $share } this month
services-explained = Disturbed means that it works with trouble, or not for everybody. The share counts only the time in which a service did not work at all: so it can be disturbed and 100 % available.

length-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
length-hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}

notice-from = From { $at }.
notice-until = Until { $at }.
notice-next = Next news at { $at }.

article-symptoms = How it shows
article-workaround = What helps meanwhile
article-advice = What to do meanwhile
article-ask = Did this help?
article-helped = Yes, it helped
article-helped-not = No
article-thanks = Thank you. That tells us what to keep.
article-sorry = Thank you for telling us. Report it, and a person will look at it.
article-report = Report it instead

form-approved = Needs an approval.
form-within = Done within { $length }.
form-notice = You tell us that this affects you too: { $title }
form-title = In a sentence
form-description = What is the matter, since when, and for whom?
ask-description = What do you need, what for, and by when?
form-more = Anything else that we should know?
form-service = Which service is it about?
form-about = About: { $service }
form-service-unknown = I do not know
form-file = Picture or file
form-required = (needed)
form-choose = Please choose
form-yes = Yes
form-no = No
form-send = Send
form-leave = Leave without sending

complain-title = What is it about, in a sentence?
complain-category = What were you not satisfied with?
complain-description = What happened, and what would make it right? Praise is welcome, too.

request-sent = Thank you. We have it as { $reference }.
request-created = Sent by { $by }
request-due = Expected by
request-talk = What happened so far
request-answer = Your answer
request-answer-send = Send the answer
request-files = Files
request-file-choose = Files to add
request-file-add = Add
request-follow = Follow this
request-unfollow = Stop following this

step-approve-title = { $by } asks for your approval
step-approve = Approve …
step-decline-why = Decline …
step-decline-note = Why not?
step-decline = Decline
approve-since = Since { $at }. Nothing happens before you confirm it on the next page.
approve-title = Approve this request?
approve-by = Asked by
approve-at = Asked on
approve-note = Do you want to add anything? You may leave this out.
approve-yes = Yes, I approve it
approve-back = Back without deciding
approve-rather-not = Decline it instead
approve-changed = The request changed since you opened this page. Look at it again, then decide.
decide-as = You decide as { $name }. Nothing happens before you press a button.
decide-done = Done
decide-gone = This link no longer holds
decide-gone-why = It was used already, is older than seven days, or the request changed since the mail was sent. Sign in to see how it stands.
decide-portal = To your approvals

decline-title = Decline this request?
decline-rather-not = Approve it instead
thanks-agreed = Thank you. The request is approved, and the work begins.
thanks-declined = Thank you. The request is declined, and whoever asked is told why.
thanks-rated = Thank you for your rating.
thanks-confirmed = Thank you for telling us. It is closed.
thanks-reopened = It is open again. We have read why.

step-confirm-title = We think that this is done. Is it?
step-confirm = Yes, it is done
step-rate-title = How did we do?
step-rate = Send the rating
step-reopen-title = It is not done
step-reopen-why = What is still missing?
step-reopen = Open it again

rating-ask = How satisfied are you?
rating-ask-optional = How satisfied are you? You may leave this out.
rating-note = Anything that you want to add?
rating-1 = very bad
rating-2 = bad
rating-3 = fair
rating-4 = good
rating-5 = very good

mine-title = My requests
mine-new = Ask for something
mine-open = Open
mine-over = Closed
mine-none-open = Nothing is open. What you send stands here until it is done.
mine-changed = changed { $at }

approvals-title = Approvals
approvals-waiting = Waiting for you
approvals-decided = Decided
approvals-asked = { $by } asks since { $at }
approvals-look = Look at “{ $title }” and approve it
approvals-decline = Look at “{ $title }” and decline it
approvals-none = Nothing waits for your approval.

status-title = Service status
status-all-well = All your services work.
status-some-maintenance = Some of your services are being maintained.
status-some-disturbed = Some of your services are disturbed.
status-present = Now
status-planned = Planned
status-news = News
status-past = The last 90 days
status-days = { $count ->
    [0] No disturbance in 90 days, { $share } available
    [one] { $count } day with a disturbance in 90 days, { $share } available
   *[other] { $count } days with a disturbance in 90 days, { $share } available
}
status-follow-help = You get a mail when a service that you follow is interrupted, works again, or has news.
status-follow = Tell me about { $service }
status-unfollow = Stop telling me about { $service }

me-title = You
me-language = Language
me-language-choose = In which language do you read?
me-language-browser = As the browser says
me-language-save = Save the language
me-password = Password
me-password-present = Present password
me-password-new = New password, at least 10 characters
me-password-save = Change the password
me-more = All of your account, at the desk
me-password-help = All your sessions end, this one too. Sign in again afterwards.
