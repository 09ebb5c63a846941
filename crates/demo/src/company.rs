//! The company itself: teams, people, customers, items, services, service hours, agreements and articles.

use proofdesk_engine::Change;
use proofdesk_model::Value;
use proofdesk_model::format::day_of;

use crate::agreements;
use crate::story::{DAY, HOUR, MINUTE, Slot, Slots, Stories, Who};

/// Name, team and position of the staff; the order is used everywhere.
pub const PEOPLE: [(&str, usize, &str); 16] = [
    ("Mara Rehn", 0, "Service desk agent"),
    ("Jonas Thiel", 0, "Service desk agent"),
    ("Aylin Kaya", 0, "Service desk agent"),
    ("Tomasz Wolski", 1, "Network engineer"),
    ("Hanna Lindqvist", 1, "Network engineer"),
    ("Samuel Okafor", 2, "Application engineer"),
    ("Lea Brunner", 2, "Application engineer"),
    ("Diego Santos", 3, "Platform engineer"),
    ("Noor Haddad", 3, "Platform engineer"),
    ("Felix Aigner", 4, "Workplace engineer"),
    ("Priya Nair", 2, "Service owner and change manager"),
    ("Victor Lang", 3, "Problem manager"),
    ("Ilse Brandt", 5, "SMS manager"),
    ("Otto Reiter", 5, "Internal auditor"),
    ("Clara Weiss", 5, "Managing director"),
    ("Ben Adler", 3, "Administrator"),
];

/// Teams: name and what they do.
const TEAMS: [(&str, &str); 6] = [
    ("Service desk", "First contact, all incidents and requests."),
    ("Network", "Store network, remote access, telephony."),
    ("Applications", "Point of sale, payroll, shop, documents."),
    ("Platform", "Servers, storage, mail, backup."),
    ("Workplace", "Computers, printers, badges."),
    ("Management", "Management of the company and of its management system."),
];

const CUSTOMERS: [(&str, &str); 4] = [
    ("Retail North", "118 stores from the coast to the river."),
    ("Retail South", "94 stores in the south."),
    ("Logistics", "Two warehouses and the transport planning."),
    ("Head office", "Finance, human resources, purchasing."),
];

/// An account of the example.
pub struct LoginPlan {
    /// What is typed.
    pub sign_in: &'static str,
    /// Index in [`PEOPLE`].
    pub at: usize,
    /// Roles.
    pub roles: &'static [&'static str],
    /// What the person does.
    pub does: &'static str,
}

/// The accounts.
pub const LOGINS: [LoginPlan; 7] = [
    LoginPlan { sign_in: "mara", at: 0, roles: &["agent"], does: "service desk agent" },
    LoginPlan { sign_in: "jonas", at: 1, roles: &["agent"], does: "service desk agent" },
    LoginPlan {
        sign_in: "priya",
        at: 10,
        roles: &["agent", "process_owner", "service_owner"],
        does: "service owner",
    },
    LoginPlan { sign_in: "ilse", at: 12, roles: &["sms_manager", "agent"], does: "SMS manager" },
    LoginPlan { sign_in: "otto", at: 13, roles: &["auditor"], does: "internal auditor" },
    LoginPlan { sign_in: "clara", at: 14, roles: &["top_management"], does: "managing director" },
    LoginPlan {
        sign_in: "admin",
        at: 15,
        roles: &["administrator", "sms_manager", "agent"],
        does: "administrator",
    },
];

/// Accounts of customers' people, whom the book describes: sign-in name, name and what the person does.
pub const CUSTOMER_LOGINS: [(&str, &str, &str); 2] = [
    ("elif", "Elif Aydin", "store manager, in the portal"),
    ("nils", "Nils Berger", "area manager who approves, in the portal"),
];

/// A service as planned: name, criticality, owner, team, description, outcome, depends on.
pub struct ServicePlan {
    /// Name.
    pub name: &'static str,
    /// `critical`, `high`, `normal`, `low`.
    pub criticality: &'static str,
    /// Team that supports it.
    pub team: usize,
    /// How often incidents strike it.
    pub weight: u32,
    description: &'static str,
    outcome: &'static str,
    depends_on: &'static [usize],
    items: &'static [(&'static str, &'static str)],
}

/// The services.
pub const SERVICES: [ServicePlan; 10] = [
    ServicePlan {
        name: "Point of sale",
        criticality: "critical",
        team: 2,
        weight: 26,
        description: "Tills, card payments and receipts for 212 stores.",
        outcome: "Every customer can pay, at every till, in under a minute.",
        depends_on: &[1],
        items: &[
            ("Payment gateway A", "application"),
            ("Payment gateway B", "application"),
            ("Till software", "application"),
            ("Till database", "database"),
            ("Till update server", "server"),
        ],
    },
    ServicePlan {
        name: "Store network",
        criticality: "critical",
        team: 1,
        weight: 14,
        description: "Lines, routers and wireless network of stores and warehouses.",
        outcome: "Stores and warehouses reach the systems that they need.",
        depends_on: &[],
        items: &[
            ("Core router 1", "network"),
            ("Core router 2", "network"),
            ("Store router fleet", "network"),
            ("Wireless controller", "network"),
        ],
    },
    ServicePlan {
        name: "E-mail",
        criticality: "high",
        team: 3,
        weight: 13,
        description: "Mailboxes, calendars and shared mailboxes.",
        outcome: "People inside and outside can write to each other.",
        depends_on: &[],
        items: &[("Mail cluster", "server"), ("Mail filter", "application"), ("Mail archive", "storage")],
    },
    ServicePlan {
        name: "Payroll",
        criticality: "high",
        team: 2,
        weight: 5,
        description: "Salaries of 6,400 people, every month.",
        outcome: "Everybody is paid on the 25th, and correctly.",
        depends_on: &[4],
        items: &[("Payroll application", "application"), ("Payroll database", "database")],
    },
    ServicePlan {
        name: "File storage",
        criticality: "high",
        team: 3,
        weight: 8,
        description: "Shared folders and the design archive.",
        outcome: "Files are where people left them, and only theirs to see.",
        depends_on: &[],
        items: &[("Storage array 1", "storage"), ("Storage array 2", "storage"), ("Backup server", "server")],
    },
    ServicePlan {
        name: "Remote access",
        criticality: "normal",
        team: 1,
        weight: 10,
        description: "Safe access from home and on the road.",
        outcome: "Staff work from anywhere as in the office.",
        depends_on: &[1],
        items: &[("VPN gateway", "network"), ("Sign-in service", "application")],
    },
    ServicePlan {
        name: "Workplace",
        criticality: "normal",
        team: 4,
        weight: 18,
        description: "Computers, printers and their software.",
        outcome: "A working place that starts in the morning.",
        depends_on: &[4],
        items: &[
            ("Software distribution", "application"),
            ("Print server", "server"),
            ("Laptop fleet", "client"),
        ],
    },
    ServicePlan {
        name: "Online shop",
        criticality: "critical",
        team: 2,
        weight: 9,
        description: "The shop on the web, with stock and orders.",
        outcome: "Customers find, order and pay at any hour.",
        depends_on: &[0],
        items: &[("Shop front", "cloud"), ("Order service", "cloud"), ("Stock service", "application")],
    },
    ServicePlan {
        name: "Warehouse handhelds",
        criticality: "high",
        team: 4,
        weight: 7,
        description: "Scanners and picking lists in two warehouses.",
        outcome: "Goods leave the warehouse in the right order.",
        depends_on: &[1],
        items: &[("Handheld fleet", "client"), ("Picking service", "application")],
    },
    ServicePlan {
        name: "Document library",
        criticality: "low",
        team: 2,
        weight: 4,
        description: "Contracts and procedures with search.",
        outcome: "The version in force is found at once.",
        depends_on: &[4],
        items: &[("Library application", "application"), ("Search index", "server")],
    },
];

/// What later stories refer to.
pub struct Company {
    /// People in the order of [`PEOPLE`].
    pub people: Vec<Slot>,
    /// Teams.
    pub teams: Vec<Slot>,
    /// Customers.
    pub customers: Vec<Slot>,
    /// Contacts at the customers, with the customer's index.
    pub contacts: Vec<(Slot, usize)>,
    /// Services in the order of [`SERVICES`].
    pub services: Vec<Slot>,
    /// Items of each service.
    pub items: Vec<Vec<Slot>>,
    /// Agreements, each with its targets.
    pub agreements: Vec<(Slot, Vec<Slot>)>,
    /// Service hours.
    pub hours: Vec<Slot>,
    /// An item that somebody forgot.
    pub spare: Slot,
    /// Top management's role, which the book describes.
    pub top: Slot,
    /// The model of standard changes, which the book describes.
    pub standard: Slot,
    /// Fulfilment instructions.
    pub instructions: Slot,
    /// Articles for agents.
    pub articles: Vec<Slot>,
}

impl Company {
    /// A person at work, with the roles that the work needs.
    pub fn who(&self, at: usize) -> Who {
        let roles: &[&str] = match at {
            10 | 11 => &["agent", "process_owner", "service_owner"],
            12 => &["agent", "sms_manager"],
            _ => &["agent"],
        };
        Who::Person(self.people[at], PEOPLE[at].0, roles)
    }

    /// Members of a team.
    pub fn members(&self, team: usize) -> Vec<usize> {
        (0..10).filter(|at| PEOPLE[*at].1 == team).collect()
    }
}

/// A link to the record of a story.
pub fn link(slots: &Slots, slot: Slot) -> anyhow::Result<Value> {
    Ok(Value::Link(slots.number(slot)?))
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// Plans everything that is there from the first day on.
pub fn plan(stories: &mut Stories, start: i64, end: i64) -> Company {
    // at least a year old, so that a year of management can have happened however short the desk's history is
    let mut at = (start - 20 * DAY).min(end - 410 * DAY);
    let mut next = || {
        at += MINUTE;
        at
    };
    let mut teams = Vec::new();
    for (name, does) in TEAMS {
        let change = Change::default().with_text("name", name).with_text("description", does);
        teams.push(stories.begin("team", next(), Who::Setup, move |_| Ok(change)));
    }
    let mut people = Vec::new();
    for (name, team, job) in PEOPLE {
        let slot = teams[team];
        let mail = format!("{}@retail-it.example", name.to_lowercase().replace(' ', "."));
        people.push(stories.begin("person", next(), Who::Setup, move |s| {
            let change = Change::default().with_text("name", name).with_text("job", job);
            Ok(change.with_text("mail", &mail).with("team", link(s, slot)?))
        }));
    }
    let mut customers = Vec::new();
    for (i, (name, description)) in CUSTOMERS.into_iter().enumerate() {
        let manager = people[10];
        let reviewed = day_of(end) - 40 - i as i32 * 30;
        customers.push(stories.begin("customer", next(), Who::Setup, move |s| {
            let change = Change::default().with_text("name", name).with_text("description", description);
            let change =
                change.with_text("relation", "internal").with("relationship_manager", link(s, manager)?);
            let change = change.with("catalogue_access", Value::Bool(true));
            Ok(change.with("reviewed_on", Value::Day(reviewed)).with("review_on", Value::Day(reviewed + 180)))
        }));
    }
    let contacts = contacts(stories, &customers, &mut next);
    let hours = service_hours(stories, &mut next);
    let (services, items, spare) = services(stories, &teams, &people, &customers, &hours, end, &mut next);
    let agreements = agreements::plan(stories, &people, &customers, &services, &hours, start, end, &mut next);
    let (instructions, articles) = articles(stories, &people, &services, end, &mut next);
    let top = stories.reserve("role_assignment");
    let standard = stories.reserve("change_model");
    Company {
        people,
        teams,
        customers,
        contacts,
        services,
        items,
        agreements,
        hours,
        spare,
        top,
        standard,
        instructions,
        articles,
    }
}

fn contacts(stories: &mut Stories, customers: &[Slot], next: &mut impl FnMut() -> i64) -> Vec<(Slot, usize)> {
    let names: [(&str, usize); 20] = [
        ("Store 118", 0),
        ("Store 104", 0),
        ("Store 131", 0),
        ("Store 127", 0),
        ("Store 109", 0),
        ("Store 140", 0),
        ("Store 201", 1),
        ("Store 214", 1),
        ("Store 222", 1),
        ("Store 236", 1),
        ("Store 248", 1),
        ("Warehouse West", 2),
        ("Warehouse East", 2),
        ("Transport planning", 2),
        ("Finance", 3),
        ("Human resources", 3),
        ("Purchasing", 3),
        ("Design studio", 3),
        ("Legal", 3),
        ("Reception", 3),
    ];
    let mut found = Vec::new();
    for (name, customer) in names {
        let slot = customers[customer];
        found.push((
            stories.begin("person", next(), Who::Setup, move |s| {
                let change = Change::default().with_text("name", name).with("customer", link(s, slot)?);
                Ok(change.with("external", Value::Bool(false)))
            }),
            customer,
        ));
    }
    found
}

fn service_hours(stories: &mut Stories, next: &mut impl FnMut() -> i64) -> Vec<Slot> {
    let holidays = "every 01-01 closed New Year\nevery 05-01 closed Labour Day\nevery 12-25 closed Christmas\nevery 12-26 closed Boxing Day";
    let plans = [
        ("Office hours", "mon-fri 08:00-18:00", holidays),
        ("Store hours", "mon-sat 06:00-23:00", "every 12-25 closed Christmas"),
        ("Around the clock", "mon-sun 00:00-24:00", ""),
    ];
    let mut found = Vec::new();
    for (name, week, exceptions) in plans {
        let change = Change::default()
            .with_text("name", name)
            .with_text("zone", "Europe/Berlin")
            .with_text("week", week);
        let change = if exceptions.is_empty() { change } else { change.with_text("exceptions", exceptions) };
        let change = change.with("nominal_day", Value::Duration(9 * HOUR));
        found.push(stories.begin("service_hours", next(), Who::Setup, move |_| Ok(change)));
    }
    found
}

fn services(
    stories: &mut Stories,
    teams: &[Slot],
    people: &[Slot],
    customers: &[Slot],
    hours: &[Slot],
    end: i64,
    next: &mut impl FnMut() -> i64,
) -> (Vec<Slot>, Vec<Vec<Slot>>, Slot) {
    let mut found = Vec::new();
    let mut items_of = Vec::new();
    for (i, plan) in SERVICES.iter().enumerate() {
        let (team, owner) = (teams[plan.team], people[10]);
        let verified = day_of(end) - 30 - (i as i32 * 17) % 160;
        let item = |stories: &mut Stories, name: String, kind: &'static str, at: i64| {
            stories.begin("configuration_item", at, Who::Setup, move |s| {
                let change = Change::default().with_text("name", &name).with_text("item_type", kind);
                let change =
                    change.with_text("description", &format!("{name}, {kind} of the service {}.", plan.name));
                let change = change.with("team", link(s, team)?).with("owner", link(s, owner)?);
                let change = change
                    .with("verified_on", Value::Day(verified))
                    .with("verify_on", Value::Day(verified + 180));
                Ok(change.with_text("verification_result", "accurate"))
            })
        };
        let own = item(stories, plan.name.to_owned(), "service", next());
        stories.change(own, next(), Who::Setup, Change::default().take("go_live"));
        let mut parts = Vec::new();
        for (name, kind) in plan.items {
            let slot = item(stories, (*name).to_owned(), kind, next());
            stories.then(slot, next(), Who::Setup, move |s| {
                Ok(Change::default().take("go_live").link("needed_by", s.reference(own)?))
            });
            parts.push(slot);
        }
        let needs: Vec<Slot> = plan.depends_on.iter().filter_map(|d| found.get(*d).copied()).collect();
        // the library serves head office only
        let customers = if i == 9 { &customers[3..] } else { customers };
        let (parts_of, customers, hours) = (parts.clone(), customers.to_vec(), hours.to_vec());
        let reviewed = day_of(end) - 60 - i as i32 * 9;
        let service = stories.begin("service", next(), Who::Setup, move |s| {
            let mut change = described(plan);
            change = change.with("owner", link(s, owner)?).with("team", link(s, team)?);
            change = change
                .with("reviewed_on", Value::Day(reviewed))
                .with("review_on", Value::Day(reviewed + 365));
            change =
                change.with("item", link(s, own)?).with("service_hours", link(s, hours[hours_of(plan)])?);
            for slot in parts_of {
                change = change.link("made_of", s.reference(slot)?);
            }
            for slot in needs {
                change = change.link("depends_on", s.reference(slot)?);
            }
            for slot in customers {
                change = change.link("customers", s.reference(slot)?);
            }
            Ok(change)
        });
        stories.change(service, next(), Who::Setup, Change::default().take("go_live"));
        found.push(service);
        items_of.push(std::iter::once(own).chain(parts).collect());
    }
    // an item that somebody entered and forgot: no relation, no reason
    let orphan = Change::default().with_text("name", "Label printer, spare").with_text("item_type", "client");
    let spare = stories.begin("configuration_item", next(), Who::Setup, move |_| Ok(orphan));
    (found, items_of, spare)
}

/// What the catalogue says of a service.
fn described(plan: &ServicePlan) -> Change {
    let change = Change::default().with_text("name", plan.name).with_text("description", plan.description);
    let change = change.with_text("outcomes", plan.outcome).with_text("criticality", plan.criticality);
    let words: Vec<&str> = plan.depends_on.iter().map(|d| SERVICES[*d].name).collect();
    let words = if words.is_empty() { "none".to_owned() } else { words.join(", ") };
    let change = change.with_text("dependencies", &words).with("published", Value::Bool(true));
    let change = change.with("audiences", Value::Choices(vec!["customers".to_owned(), "users".to_owned()]));
    change.with_text("requirements", "Agreed with the customers in the yearly service review.")
}

/// Which service hours a service has: index of the planned hours.
fn hours_of(plan: &ServicePlan) -> usize {
    match plan.criticality {
        "critical" => 2,
        "high" => 1,
        _ => 0,
    }
}

fn articles(
    stories: &mut Stories,
    people: &[Slot],
    services: &[Slot],
    end: i64,
    next: &mut impl FnMut() -> i64,
) -> (Slot, Vec<Slot>) {
    let texts = [
        (
            "How we fulfil standard requests",
            "instructions",
            "1. Check the approval.\n2. Do what the type asks for.\n3. Tell the requester.\n4. Close after confirmation.",
            6,
        ),
        (
            "Move a till to the second payment route",
            "article",
            "Open the till menu, choose *Payment*, then *Route B*. Test with one cent.",
            0,
        ),
        (
            "Renew a VPN certificate",
            "article",
            "Sign in to the portal, choose *Certificates*, press *Renew*, restart the client.",
            5,
        ),
        (
            "Shared mailbox does not appear",
            "article",
            "Remove and add the account; wait for the index. Check the group membership first.",
            2,
        ),
        (
            "Reset a handheld",
            "article",
            "Hold both side keys for ten seconds. Pair it again with the cradle.",
            8,
        ),
    ];
    let mut found = Vec::new();
    for (i, (title, kind, body, service)) in texts.into_iter().enumerate() {
        let service = services[service];
        let owner = Who::Person(people[i % 3], PEOPLE[i % 3].0, &["agent"]);
        let review = day_of(end) + if i == 3 { -35 } else { 90 + i as i32 * 30 };
        let slot = stories.begin("knowledge_article", next(), owner, move |s| {
            let change = Change::default().with_text("title", title).with_text("article_type", kind);
            let change = change.with("body", text(body)).with("review_on", Value::Day(review));
            Ok(change.link("services", s.reference(service)?))
        });
        stories.change(slot, next(), owner, Change::default().take("publish"));
        found.push(slot);
    }
    let instructions = found.remove(0);
    (instructions, found)
}
