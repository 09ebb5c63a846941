//! Fields that nobody writes down: those that aspects and clocks bring to a type.

use indexmap::IndexMap;

use crate::field::{Choice, Computed, Field, Kind};
use crate::load::fields::label_of;
use crate::load::text::{Book, hint};
use crate::load::tree::{ClockTree, TypeTree};
use crate::record_type::Section;

/// Aspects of the house, with the fields that each brings.
pub(crate) const ASPECTS: [(&str, &[(&str, AspectField)]); 8] = [
    ("timed", &[]),
    ("approvable", &[("approved_by", AspectField::Person), ("approved_at", AspectField::Instant)]),
    ("scheduled", &[("planned_start_at", AspectField::Instant), ("planned_end_at", AspectField::Instant)]),
    ("impacting", &[]),
    ("measured", &[]),
    ("documented", &[]),
    ("holder", &[]),
    ("cadenced", &[("reviewed_on", AspectField::Day), ("review_on", AspectField::Day)]),
];

/// The kind of a field that an aspect brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AspectField {
    Person,
    Instant,
    Day,
}

impl AspectField {
    fn fits(self, kind: &Kind) -> bool {
        *kind == self.kind()
            || (self == Self::Person && matches!(kind, Kind::Link { to, .. } if to == "person"))
    }

    fn kind(self) -> Kind {
        match self {
            Self::Person => Kind::Person,
            Self::Instant => Kind::Instant,
            Self::Day => Kind::Day,
        }
    }
}

/// A plain field, as clocks and aspects bring it.
pub(crate) fn plain(name: &str, label: String, kind: Kind, computed: Option<Computed>) -> Field {
    Field {
        name: name.to_owned(),
        label,
        help: None,
        kind,
        required: false,
        search: false,
        public: false,
        indexed: false,
        computed,
        default: None,
        was: None,
        retired: false,
        hidden: false,
        by_steps: false,
        clause: None,
    }
}

/// Adds the fields of the aspects that a type declares; one that is declared already must be of the right kind.
pub(crate) fn aspects(
    tree: &TypeTree,
    fields: &mut IndexMap<String, Field>,
    sections: &mut Vec<Section>,
    book: &mut Book<'_>,
) {
    for aspect in &tree.aspects {
        let Some((_, brings)) = ASPECTS.iter().find(|(name, _)| *name == aspect.text) else {
            let hint = hint(&aspect.text, ASPECTS.iter().map(|(name, _)| *name));
            book.mistake(aspect.spot, format!("there is no aspect `{}`{hint}", aspect.text));
            continue;
        };
        for (name, wanted) in *brings {
            match fields.get(*name) {
                Some(present) if wanted.fits(&present.kind) => {}
                Some(_) => {
                    let message =
                        format!("`{name}` must be the {wanted:?} that the aspect `{}` brings", aspect.text);
                    book.mistake(
                        aspect.spot,
                        message.replace("Person", "person").replace("Instant", "instant"),
                    );
                }
                None => {
                    fields.insert((*name).to_owned(), plain(name, label_of(name), wanted.kind(), None));
                    let heading = label_of(&aspect.text);
                    match sections.iter_mut().find(|s| s.label == heading) {
                        Some(section) => section.fields.push((*name).to_owned()),
                        None => sections.push(Section { label: heading, fields: vec![(*name).to_owned()] }),
                    }
                }
            }
        }
    }
}

/// Adds the computed columns of a clock.
pub(crate) fn clock_fields(clock: &ClockTree, fields: &mut IndexMap<String, Field>, book: &mut Book<'_>) {
    let name = clock.name.text.as_str();
    let label = clock.label.as_ref().map_or_else(|| label_of(name), |l| l.text.clone());
    let states = ["running", "paused", "stopped", "cancelled"];
    let tones = [Some("info"), None, Some("ok"), None];
    let state = states.iter().zip(tones).map(|(s, tone)| Choice {
        name: (*s).to_owned(),
        label: label_of(s),
        tone: tone.map(str::to_owned),
        help: None,
    });
    let of_holder = clock.holder.is_some();
    let columns: [(&str, String, Kind); 12] = [
        ("due_at", format!("{label} due"), Kind::Instant),
        ("state", format!("{label} clock"), Kind::Choice(state.collect())),
        ("target", format!("{label} target"), Kind::Duration),
        ("elapsed", format!("{label} elapsed"), Kind::Duration),
        ("at_risk_at", format!("{label} at risk since"), Kind::Instant),
        ("breached_at", format!("{label} breached at"), Kind::Instant),
        ("breach_recorded_at", format!("{label} breach recorded at"), Kind::Instant),
        ("stopped_at", format!("{label} clock stopped at"), Kind::Instant),
        ("agreement", format!("{label} agreement"), Kind::Text { max: 500 }),
        ("clock", format!("{label} clock events"), Kind::Markdown),
        ("holder", format!("{label} clock is that of"), Kind::Text { max: 60 }),
        ("missed_by", format!("{label} target missed before by"), Kind::Text { max: 500 }),
    ];
    for (suffix, label, kind) in columns {
        if !of_holder && ["holder", "missed_by"].contains(&suffix) {
            continue;
        }
        let column = format!("{name}_{suffix}");
        if fields.contains_key(&column) {
            book.mistake(clock.name.spot, format!("the clock `{name}` brings `{column}`; rename the field"));
            continue;
        }
        let mut field = plain(&column, label, kind, Some(Computed::Clock(name.to_owned())));
        field.hidden = suffix == "clock";
        // few records are with a supplier at a time: an index on every record would cost each write more than it gives
        field.indexed = suffix == "due_at" && !of_holder;
        fields.insert(column, field);
    }
}
