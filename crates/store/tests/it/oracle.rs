//! The `cel` crate's interpreter as the fourth opinion: records as maps, links followed to a depth.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use cel::{Context, Env, Program, Value as Cel};
use proofdesk_condition::{Outcome, Row, SCALE, Type, Value, day_text, instant_text};

use crate::world::{NOW, Record, TODAY, World, fields};

/// Knows how to ask `cel`.
pub struct Oracle {
    env: Arc<Env>,
    /// Times already computed; their text is parsed once.
    times: RefCell<HashMap<String, Cel>>,
}

impl Oracle {
    /// Prepares the interpreter with its standard library and text functions.
    pub fn new() -> Self {
        let mut env = Env::stdlib();
        env.add_extension(cel::extensions::strings).unwrap();
        Self { env: Arc::new(env), times: RefCell::default() }
    }

    /// Compiles a condition.
    pub fn compile(&self, source: &str) -> Program {
        self.env.compile(source).unwrap_or_else(|error| panic!("{source}: {error}"))
    }

    /// Makes the names of one record known.
    pub fn context(&self, world: &World, record: &Record, hops: usize) -> Context<'static, 'static> {
        let mut context = Context::with_env(Arc::clone(&self.env));
        for (name, value) in self.fields(world, record, hops) {
            context.add_variable_from_value(name, value);
        }
        context.add_variable_from_value("now", self.value(&Value::Instant(NOW)));
        context.add_variable_from_value("today", day_text(TODAY));
        context.add_function("day", |text: Arc<String>| -> Arc<String> { text }).unwrap();
        context
    }

    /// Evaluates a compiled condition.
    pub fn outcome(program: &Program, context: &Context<'_, '_>) -> Outcome {
        match program.execute(context) {
            Ok(Cel::Bool(true)) => Outcome::True,
            Ok(Cel::Bool(false)) => Outcome::False,
            _ => Outcome::Error,
        }
    }

    fn fields(&self, world: &World, record: &Record, hops: usize) -> HashMap<&'static str, Cel> {
        let mut known = HashMap::new();
        for (name, kind) in fields(record.record_type) {
            let value = match &kind {
                Type::Link(to) => match record.value(name) {
                    Value::Link(number) => {
                        let linked = world.record(to, number).unwrap();
                        if hops == 0 { Cel::Bool(true) } else { self.fields(world, linked, hops - 1).into() }
                    }
                    _ => Cel::Null,
                },
                Type::Links(info) => {
                    let numbers = record.related(name).into_iter().map(|row| match row.value("number") {
                        Value::Int(number) => number,
                        other => panic!("{other:?}"),
                    });
                    let linked = numbers.map(|number| world.record(&info.to, number).unwrap());
                    let maps: Vec<Cel> =
                        linked
                            .map(|other| {
                                if hops == 0 { Cel::Null } else { self.fields(world, other, hops - 1).into() }
                            })
                            .collect();
                    maps.into()
                }
                _ => self.value(&record.value(name)),
            };
            known.insert(name, value);
        }
        known
    }

    /// Turns a value into one of `cel`; times by its own functions.
    fn value(&self, value: &Value) -> Cel {
        let computed = |source: String| {
            let mut times = self.times.borrow_mut();
            let compute =
                || self.compile(&source).execute(&Context::with_env(Arc::clone(&self.env))).unwrap();
            times.entry(source.clone()).or_insert_with(compute).clone()
        };
        match value {
            Value::Null => Cel::Null,
            Value::Bool(flag) => Cel::Bool(*flag),
            Value::Int(number) | Value::Link(number) => Cel::Int(*number),
            Value::Decimal(decimal) => Cel::Float(decimal.scaled() as f64 / SCALE as f64),
            Value::Text(text) => text.as_str().into(),
            Value::Instant(at) => computed(format!("timestamp(\"{}\")", instant_text(*at))),
            Value::Duration(length) => computed(format!("duration(\"{}ms\")", length / 1_000)),
            Value::Day(day) => day_text(*day).into(),
            Value::Choices(options) => {
                options.iter().map(|o| Cel::from(o.as_str())).collect::<Vec<_>>().into()
            }
        }
    }
}
