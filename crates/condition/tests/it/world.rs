//! A small desk for tests: six record types and generated records with every kind of field, empty ones among
//! them. The tests of the SQL writer in `store` use the same file.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use proofdesk_condition::{Context, Decimal, LinkInfo, LinkPath, Row, Schema, Type, Value};

/// The instant of all questions: 2026-11-22T12:00:00Z.
pub const NOW: i64 = 1_795_348_800_000_000;
/// The day of it.
pub const TODAY: i32 = 20_779;
/// One hour in microseconds.
pub const HOUR: i64 = 3_600_000_000;

/// The context of all questions: person 3 asks.
pub const CONTEXT: Context = Context { now: NOW, today: TODAY, user: Some(3) };

/// Options of the fields with many choices.
pub const TAGS: [&str; 4] = ["billing", "mail", "network", "vip"];
/// States of every type.
pub const STATES: [&str; 4] = ["new", "in_progress", "resolved", "closed"];
/// Texts, with what databases trip over.
pub const TEXTS: [&str; 12] = [
    "Printer on fire",
    "printer on FIRE",
    "100% of mail is late",
    "under_score",
    "it's \"quoted\"",
    "",
    "Ünïcödé ß €",
    "unicode 😀 end",
    "a",
    "A",
    "abc",
    "fire",
];

/// The schema of the small desk.
pub struct Desk;

fn choice(options: &[&str]) -> Type {
    Type::Choice(options.iter().map(|o| (*o).to_owned()).collect())
}

fn link(to: &str) -> Type {
    Type::Link(to.to_owned())
}

fn table(to: &str, relation: &str, reversed: bool) -> Type {
    Type::Links(LinkInfo {
        to: to.to_owned(),
        path: LinkPath::Table { relation: relation.to_owned(), reversed },
    })
}

fn column(to: &str, column: &str) -> Type {
    Type::Links(LinkInfo { to: to.to_owned(), path: LinkPath::Column { column: column.to_owned() } })
}

/// The record types, in an order in which links point to earlier ones.
pub const TYPES: [&str; 6] = ["team", "person", "service", "problem", "change", "incident"];

/// The fields of a record type.
pub fn fields(record_type: &str) -> Vec<(&'static str, Type)> {
    let mut fields = vec![
        ("number", Type::Int),
        ("version", Type::Int),
        ("state", choice(&STATES)),
        ("created_at", Type::Instant),
        ("created_by", link("person")),
    ];
    fields.extend(match record_type {
        "incident" => vec![
            ("title", Type::Text),
            ("notes", Type::Text),
            ("priority", choice(&["p1", "p2", "p3", "p4"])),
            ("impact", Type::Int),
            ("reopened", Type::Int),
            ("cost", Type::Decimal),
            ("budget", Type::Decimal),
            ("major", Type::Bool),
            ("breached", Type::Bool),
            ("opened_at", Type::Instant),
            ("closed_at", Type::Instant),
            ("due_at", Type::Instant),
            ("worked", Type::Duration),
            ("reported_on", Type::Day),
            ("review_on", Type::Day),
            ("tags", Type::Choices(TAGS.map(str::to_owned).to_vec())),
            ("service", link("service")),
            ("problem", link("problem")),
            ("assigned_to", link("person")),
            ("changes", table("change", "caused_by", false)),
            ("affects", table("service", "affects", false)),
        ],
        "problem" => vec![
            ("title", Type::Text),
            ("risk", Type::Int),
            ("service", link("service")),
            ("known_since", Type::Instant),
            ("incidents", column("incident", "problem")),
        ],
        "change" => vec![
            ("title", Type::Text),
            ("risk", Type::Int),
            ("approved", Type::Bool),
            ("planned_start", Type::Instant),
            ("owner", link("person")),
            ("caused", table("incident", "caused_by", true)),
        ],
        "service" => vec![
            ("title", Type::Text),
            ("tier", Type::Int),
            ("owner", link("person")),
            ("incidents", column("incident", "service")),
            ("affected_by", table("incident", "affects", true)),
        ],
        "person" => vec![("title", Type::Text), ("active", Type::Bool), ("team", link("team"))],
        _ => vec![("title", Type::Text), ("members", column("person", "team"))],
    });
    fields
}

impl Schema for Desk {
    fn field(&self, record_type: &str, name: &str) -> Option<Type> {
        fields(record_type).into_iter().find(|(field, _)| *field == name).map(|(_, kind)| kind)
    }

    fn names(&self, record_type: &str) -> Vec<String> {
        fields(record_type).into_iter().map(|(name, _)| name.to_owned()).collect()
    }

    fn prefix(&self, record_type: &str) -> Option<String> {
        let prefix = match record_type {
            "incident" => "INC",
            "service" => "SVC",
            "problem" => "PRB",
            "person" => "PER",
            _ => return None,
        };
        Some(prefix.to_owned())
    }
}

/// One generated record with its links resolved.
pub struct Record {
    /// Its type.
    pub record_type: &'static str,
    /// Its values; what is missing is null.
    pub values: BTreeMap<&'static str, Value>,
    followed: OnceLock<BTreeMap<&'static str, &'static Record>>,
    related: OnceLock<BTreeMap<&'static str, Vec<&'static Record>>>,
}

impl Record {
    /// Gives the record's number.
    pub fn number(&self) -> i64 {
        match self.values.get("number") {
            Some(Value::Int(number)) => *number,
            _ => 0,
        }
    }
}

impl Row for Record {
    fn value(&self, field: &str) -> Value {
        self.values.get(field).cloned().unwrap_or_default()
    }

    fn follow(&self, link: &str) -> Option<&dyn Row> {
        self.followed.get()?.get(link).map(|record| *record as &dyn Row)
    }

    fn related(&self, links: &str) -> Vec<&dyn Row> {
        let records = self.related.get().and_then(|related| related.get(links));
        records.into_iter().flatten().map(|record| *record as &dyn Row).collect()
    }
}

/// A row of the table `link`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct LinkRow {
    /// Type and number of the record that owns the relation.
    pub from: (&'static str, i64),
    /// The relation's name.
    pub relation: &'static str,
    /// Type and number of the record pointed to.
    pub to: (&'static str, i64),
}

/// All generated records.
pub struct World {
    /// By type, by number from 1.
    pub tables: BTreeMap<&'static str, &'static [Record]>,
    /// The relations.
    pub links: Vec<LinkRow>,
}

/// A small seeded generator of numbers (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    /// Throws a number below `sides`.
    pub fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    /// Throws a number from `low` to `high`, both within reach.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).unsigned_abs()).cast_signed()
    }

    /// Is true in `percent` of the throws.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Takes one of the items.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let i = usize::try_from(self.below(items.len() as u64)).unwrap_or(0);
        &items[i]
    }
}

fn value(dice: &mut Dice, kind: &Type, sizes: &BTreeMap<&str, i64>) -> Value {
    match kind {
        Type::Bool => Value::Bool(dice.chance(50)),
        Type::Int => Value::Int(dice.between(-1, 5)),
        Type::Decimal => Value::Decimal(Decimal::from_scaled(dice.between(-4, 12) * 500_000)),
        Type::Text => Value::Text((*dice.pick(&TEXTS)).to_owned()),
        Type::Choice(options) => Value::Text(dice.pick(options).clone()),
        Type::Choices(options) => {
            Value::Choices(options.iter().filter(|_| dice.chance(35)).cloned().collect())
        }
        Type::Instant => Value::Instant(NOW + dice.between(-60, 12) * 12 * HOUR),
        Type::Duration => Value::Duration(dice.between(0, 40) * HOUR / 2),
        Type::Day => Value::Day(TODAY + i32::try_from(dice.between(-40, 5)).unwrap_or(0)),
        Type::Link(to) => Value::Link(dice.between(1, sizes.get(to.as_str()).copied().unwrap_or(1))),
        Type::Links(_) => Value::Null,
    }
}

impl World {
    /// Makes a world; the same seed makes the same world. `incidents` sets its size.
    pub fn generate(seed: u64, incidents: i64) -> &'static Self {
        let mut dice = Dice(seed);
        let small = incidents / 4 + 2;
        let sizes: BTreeMap<&str, i64> = TYPES
            .into_iter()
            .map(|name| {
                (
                    name,
                    if name == "incident" {
                        incidents
                    } else if name == "team" {
                        3
                    } else {
                        small
                    },
                )
            })
            .collect();
        let mut tables: BTreeMap<&'static str, &'static [Record]> = BTreeMap::new();
        for record_type in TYPES {
            let records: Vec<Record> = (1..=sizes[record_type])
                .map(|number| {
                    let mut values = BTreeMap::new();
                    for (name, kind) in fields(record_type) {
                        let required = matches!(name, "version" | "state" | "created_at" | "opened_at");
                        let given = required || matches!(kind, Type::Choices(_)) || dice.chance(70);
                        let made = value(&mut dice, &kind, &sizes);
                        values.insert(name, if given { made } else { Value::Null });
                    }
                    values.insert("number", Value::Int(number));
                    Record { record_type, values, followed: OnceLock::new(), related: OnceLock::new() }
                })
                .collect();
            tables.insert(record_type, Box::leak(records.into_boxed_slice()));
        }
        let links = Self::links(&mut dice, &sizes);
        let world: &'static Self = Box::leak(Box::new(Self { tables, links }));
        world.resolve();
        world
    }

    fn links(dice: &mut Dice, sizes: &BTreeMap<&str, i64>) -> Vec<LinkRow> {
        let mut links = Vec::new();
        for number in 1..=sizes["incident"] {
            for (relation, to) in [("caused_by", "change"), ("affects", "service")] {
                for _ in 0..dice.below(4) {
                    let target = dice.between(1, sizes[to]);
                    links.push(LinkRow { from: ("incident", number), relation, to: (to, target) });
                }
            }
        }
        // Relations that no condition names must not be counted.
        links.push(LinkRow { from: ("incident", 1), relation: "duplicates", to: ("change", 1) });
        links.push(LinkRow { from: ("problem", 1), relation: "caused_by", to: ("change", 1) });
        links.sort();
        links.dedup();
        links
    }

    /// Finds a record.
    pub fn record(&self, record_type: &str, number: i64) -> Option<&'static Record> {
        let i = usize::try_from(number.checked_sub(1)?).ok()?;
        self.tables.get(record_type)?.get(i)
    }

    fn resolve(&'static self) {
        for record in self.tables.values().copied().flatten() {
            let mut followed = BTreeMap::new();
            let mut related = BTreeMap::new();
            for (name, kind) in fields(record.record_type) {
                match (&kind, record.values.get(name)) {
                    (Type::Link(to), Some(Value::Link(number))) => {
                        followed.extend(self.record(to, *number).map(|target| (name, target)));
                    }
                    (Type::Links(info), _) => {
                        related.insert(name, self.others(record, info));
                    }
                    _ => {}
                }
            }
            let _ = (record.followed.set(followed), record.related.set(related));
        }
    }

    fn others(&self, record: &Record, info: &LinkInfo) -> Vec<&'static Record> {
        let this = (record.record_type, record.number());
        match &info.path {
            LinkPath::Column { column } => self.tables[info.to.as_str()]
                .iter()
                .filter(|other| other.values.get(column.as_str()) == Some(&Value::Link(this.1)))
                .collect(),
            LinkPath::Table { relation, reversed } => self
                .links
                .iter()
                .filter(|link| link.relation == relation)
                .filter_map(|link| {
                    let (near, far) = if *reversed { (link.to, link.from) } else { (link.from, link.to) };
                    (near == this && far.0 == info.to).then(|| self.record(far.0, far.1)).flatten()
                })
                .collect(),
        }
    }
}
