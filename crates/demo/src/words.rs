//! What people report, do and write; by service in the order of `company::SERVICES`.

/// Summary, category, what solved it.
pub type Case = (&'static str, &'static str, &'static str);

/// Incidents by service.
pub const INCIDENTS: [&[Case]; 10] = [
    &[
        (
            "Card payments declined at till {n}",
            "Payment",
            "Moved the till to the second payment route and reset the terminal.",
        ),
        (
            "Receipt printer at till {n} prints blank",
            "Printing",
            "Replaced the roll and cleaned the print head.",
        ),
        (
            "Till {n} does not start after the nightly update",
            "Software",
            "Rolled the till back to the version before and queued the update again.",
        ),
        (
            "Wrong price shown for promotion {n}",
            "Data",
            "Reloaded the price file and compared it with the shop.",
        ),
        (
            "Scanner at till {n} reads every code twice",
            "Hardware",
            "Changed the scanner's setting by the configuration sheet.",
        ),
        (
            "Gift cards cannot be loaded",
            "Payment",
            "Restarted the gift card connection; the supplier confirmed a fault on their side.",
        ),
        (
            "Tills lose the connection to the payment gateway",
            "Payment",
            "Pinned the store to gateway B until the vendor's fix.",
        ),
    ],
    &[
        (
            "Store {n} is offline",
            "Line",
            "The provider repaired the line; the store ran on mobile backup meanwhile.",
        ),
        (
            "Wireless network in store {n} drops every ten minutes",
            "Wireless",
            "Changed the channel plan; the access point had met a neighbour's.",
        ),
        (
            "Slow connection in warehouse",
            "Line",
            "Found a backup job on the line and moved it into the night.",
        ),
        ("Router in store {n} restarts by itself", "Hardware", "Replaced the power supply."),
        (
            "Phones in store {n} have no dial tone",
            "Telephony",
            "Restored the voice network after a port was changed.",
        ),
    ],
    &[
        (
            "Shared mailbox missing after migration",
            "Mailbox",
            "Added the group membership again and waited for the index.",
        ),
        (
            "Mail to supplier {n} is returned",
            "Delivery",
            "Corrected the sender record; the supplier's filter had refused us.",
        ),
        (
            "Wrong time zone in meeting invitations",
            "Calendar",
            "Set the zone in the profile; explained how travelling changes it.",
        ),
        ("Mailbox full", "Mailbox", "Archived mail older than two years after asking."),
        ("Phishing mail reported", "Security", "Removed it from all mailboxes and blocked the sender."),
    ],
    &[
        (
            "Payroll export stops at row 4,096",
            "Data",
            "Raised the limit of the export and ran it again; sums compared.",
        ),
        ("Payslip of last month not visible", "Access", "Corrected the start date of the person's role."),
        ("Overtime of {n} people missing", "Data", "Imported the late time sheets and recalculated."),
    ],
    &[
        (
            "Cannot open design archive from new laptop",
            "Access",
            "Added the laptop to the group that may read the archive.",
        ),
        ("Shared folder is read-only", "Access", "Repaired the inherited rights of the folder."),
        ("Deleted file needed back", "Restore", "Restored from last night's backup, owner confirmed."),
        ("File storage very slow in the morning", "Performance", "Moved the virus scan to the night."),
    ],
    &[
        ("VPN drops every ten minutes", "Connection", "Renewed the certificate and raised the time-out."),
        ("Second factor not accepted", "Sign-in", "Set the clock of the phone; registered the factor anew."),
        (
            "Cannot sign in from abroad",
            "Sign-in",
            "Travel was not announced; allowed the country for two weeks.",
        ),
        (
            "VPN client asks for an update that fails",
            "Software",
            "Installed the client by software distribution.",
        ),
    ],
    &[
        ("Monitor flickers with docking station", "Hardware", "Replaced the cable."),
        ("Badge printer offline", "Printing", "Print server had lost the queue; recreated it."),
        ("Laptop does not start", "Hardware", "Replaced the battery under guarantee."),
        ("Spreadsheet add-in is missing", "Software", "Installed it again by software distribution."),
        ("Printer on floor {n} jams", "Printing", "Cleaned the rollers; ordered a new set."),
        ("Headset is not recognized", "Hardware", "Updated the driver."),
    ],
    &[
        (
            "Checkout shows an error for some customers",
            "Payment",
            "Scaled the order service and cleared the stuck session store.",
        ),
        ("Stock shown wrong for article {n}", "Data", "Reran the stock feed; one message had been lost."),
        ("Search in the shop finds nothing", "Search", "Rebuilt the search index."),
        ("Discount code not accepted", "Data", "Extended the validity; marketing had the wrong end date."),
    ],
    &[
        ("Handheld {n} does not scan", "Hardware", "Cleaned the window and reset the device."),
        ("Picking list is empty", "Data", "Restarted the interface; the orders came at once."),
        (
            "Handhelds lose the wireless network in hall {n}",
            "Wireless",
            "Added an access point to the plan; moved one for now.",
        ),
    ],
    &[
        (
            "Slow search in contract library",
            "Performance",
            "Optimized the index; searching takes a second again.",
        ),
        ("Old version of a procedure is shown", "Data", "Withdrew the old version; two were in force."),
    ],
];

/// Requests: summary, type, median hours of work.
pub const REQUESTS: [(&str, &str, usize, i64); 10] = [
    ("Access to shared folder for a new colleague", "access", 4, 3),
    ("New laptop", "equipment", 6, 20),
    ("Account for trainee", "account", 5, 4),
    ("Install drawing software", "software", 6, 5),
    ("Report of sales by hour", "data", 0, 10),
    ("Replacement card terminal", "equipment", 0, 14),
    ("Shared mailbox for a project", "account", 2, 3),
    ("Second monitor", "equipment", 6, 12),
    ("How do I archive mail?", "information", 2, 1),
    ("VPN access for an external colleague", "access", 5, 6),
];

/// Changes: summary, service, category, risk level, what it brings.
pub const CHANGES: [(&str, usize, &str, &str, &str); 14] = [
    ("Patch payment gateways", 0, "normal", "medium", "Closes a fault that drops sessions."),
    ("Monthly patches of till software", 0, "standard", "low", "Security and small corrections."),
    ("New firmware for store routers", 1, "normal", "medium", "Stable wireless network."),
    ("Replace core router", 1, "normal", "high", "Ends a device that is no longer supported."),
    ("Renew certificate of mail cluster", 2, "standard", "low", "The old one ends."),
    ("Raise database memory limit", 3, "normal", "low", "Payroll runs before six in the morning."),
    ("Move file storage to new array", 4, "normal", "high", "Room for three years."),
    ("Extend VPN address range", 5, "normal", "low", "More people at home."),
    ("Distribute office update", 6, "standard", "low", "The version in support."),
    ("Scale order service for the season", 7, "normal", "medium", "Twice the orders an hour."),
    ("Block a sender that attacks us", 2, "emergency", "low", "Stops the wave of phishing."),
    ("Restart payment route after fault", 0, "emergency", "medium", "Stores can take cards again."),
    ("New picking screen", 8, "normal", "medium", "Fewer wrong picks."),
    ("Rebuild search index of the library", 9, "standard", "low", "Search in a second."),
];

/// Problems: summary, service, category, cause, prevention, workaround.
pub const PROBLEMS: [(&str, usize, &str, &str, &str, &str); 10] = [
    (
        "Gateway A drops TLS sessions",
        0,
        "Payment",
        "A memory leak in the gateway's TLS library after 9 days of running.",
        "Update the library; watch memory.",
        "Move the store to gateway B.",
    ),
    (
        "Tills fail after nightly updates",
        0,
        "Software",
        "The update is cut off when a till is switched off at 23:30.",
        "Start updates only on tills that stay on.",
        "Queue the update again by day.",
    ),
    (
        "Wireless drops in older stores",
        1,
        "Wireless",
        "Access points of the first series lose the channel plan.",
        "Replace the first series.",
        "Restart the access point.",
    ),
    (
        "Stock feed loses messages",
        7,
        "Data",
        "The queue drops messages above 10,000.",
        "Raise the limit and alarm at half.",
        "Rerun the feed of the hour.",
    ),
    (
        "Payroll export stops at 4,096 rows",
        3,
        "Data",
        "A fixed limit in the export module.",
        "Vendor's correction.",
        "Export by department.",
    ),
    (
        "Morning slowness of file storage",
        4,
        "Performance",
        "The virus scan runs when people come.",
        "Move the scan.",
        "None needed at other hours.",
    ),
    (
        "VPN certificates end unnoticed",
        5,
        "Sign-in",
        "Nobody is told before a certificate ends.",
        "Tell people 14 days before.",
        "Renew in the portal.",
    ),
    (
        "Badge printer loses its queue",
        6,
        "Printing",
        "The print server restarts with an old list.",
        "Store the list centrally.",
        "Recreate the queue.",
    ),
    (
        "Checkout errors at peak",
        7,
        "Payment",
        "Sessions are kept in one node's memory.",
        "Move them to the shared store.",
        "Scale by hand before campaigns.",
    ),
    (
        "Handhelds lose the network in hall 3",
        8,
        "Wireless",
        "A steel rack was built in front of the access point.",
        "A further access point.",
        "Walk two rows on.",
    ),
];

/// What agents write to customers.
pub const ANSWERS: [&str; 6] = [
    "Thank you for your report. I am looking at it now and will write again within the hour.",
    "We found the cause and are working on it. I will tell you when it works again.",
    "Could you tell me since when, and whether a colleague next to you sees the same?",
    "It should work again. Please try, and tell me if anything is left.",
    "I passed this on to the colleagues who look after the system.",
    "We are waiting for our supplier's answer and keep at it.",
];

/// What staff note among themselves.
pub const NOTES: [&str; 5] = [
    "Same picture as last week, see the problem record.",
    "Log shows a time-out at the second hop.",
    "Spoke to the store by phone: two tills, not one.",
    "Supplier's reference 88-2210, they call back.",
    "Nothing changed on our side since yesterday.",
];
