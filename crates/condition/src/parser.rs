//! Tokens to an untyped tree, by precedence climbing. Not the checker: names and types are its affair.
//!
//! Why not the parser of the crate `cel`: its messages speak of the grammar, its depth is the text's, and
//! what is outside our subset should be named as such. In tests it is the judge of what we accept.
//!
//! Source: the grammar of the Common Expression Language, without `? :`, maps, messages and indexes.
//! Invariant: no tree is deeper than `MAX_DEPTH`, so whoever walks it may recurse.

use crate::condition::Mistake;
use crate::decimal::Decimal;
use crate::lexer::{Token, TokenKind, mistake, tokens};
use crate::limits::{MAX_DEPTH, MAX_LENGTH};
use crate::schema::RESERVED;
use crate::tree::{Comparison, Span};

/// A part of the untyped tree.
#[derive(Debug)]
pub(crate) struct Ast {
    pub(crate) span: Span,
    pub(crate) kind: AstKind,
    depth: usize,
}

/// What a part is.
#[derive(Debug)]
pub(crate) enum AstKind {
    Null,
    Bool(bool),
    Int(i64),
    Decimal(Decimal),
    Text(String),
    Name(String),
    Select(Box<Ast>, String, Span),
    Call { target: Option<Box<Ast>>, name: String, name_span: Span, args: Vec<Ast> },
    List(Vec<Ast>),
    Not(Box<Ast>),
    Negative(Box<Ast>),
    And(Vec<Ast>),
    Or(Vec<Ast>),
    Compare(Comparison, Box<Ast>, Box<Ast>),
    In(Box<Ast>, Box<Ast>),
    Arithmetic(Arithmetic, Box<Ast>, Box<Ast>),
}

/// The operators between numbers and times.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// Reads a whole source text.
pub(crate) fn parse(source: &str) -> Result<Ast, Mistake> {
    if source.len() > MAX_LENGTH {
        let span = Span { start: MAX_LENGTH, end: source.len() };
        let message = format!("a condition may have {MAX_LENGTH} bytes; this one has {}", source.len());
        return Err(mistake(span, message));
    }
    let mut parser = Parser { tokens: tokens(source)?, at: 0, open: 0 };
    if parser.tokens.len() == 1 {
        return Err(mistake(Span { start: 0, end: source.len() }, "the condition is empty"));
    }
    let ast = parser.any()?;
    match parser.peek() {
        TokenKind::End => Ok(ast),
        _ => Err(parser.unexpected("the end or an operator such as `&&`")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    open: usize,
}

type Parsed = Result<Ast, Mistake>;

impl Parser {
    fn token(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn peek(&self) -> &TokenKind {
        &self.token().kind
    }

    fn span(&self) -> Span {
        self.token().span
    }

    fn eat(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), TokenKind::Symbol(s) if *s == symbol);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<Span, Mistake> {
        let span = self.span();
        if self.eat(symbol) { Ok(span) } else { Err(self.unexpected(&format!("`{symbol}`"))) }
    }

    fn unexpected(&self, wanted: &str) -> Mistake {
        let message = match self.peek() {
            TokenKind::End => format!("the text ends here; expected {wanted}"),
            TokenKind::Symbol("?" | ":") => "`? :` is not part of the language; use `&&` and `||`".to_owned(),
            TokenKind::Symbol("{" | "}") => "`{ }` is not part of the language".to_owned(),
            TokenKind::Symbol("[") => "a value has no parts in `[ ]`; write `\"x\" in field`".to_owned(),
            TokenKind::Symbol(">") if self.follows("<") => "write `!=` for \"not equal\"".to_owned(),
            TokenKind::Symbol("==") if self.follows("==") => "write `==` for \"equal\"".to_owned(),
            TokenKind::Symbol(s) => format!("`{s}` cannot stand here; expected {wanted}"),
            TokenKind::Word(w) if w.eq_ignore_ascii_case("and") => "write `&&` for \"and\"".to_owned(),
            TokenKind::Word(w) if w.eq_ignore_ascii_case("or") => "write `||` for \"or\"".to_owned(),
            TokenKind::Word(w) if w.eq_ignore_ascii_case("is") => {
                "write `==`, or `!=` for \"is not\"".to_owned()
            }
            TokenKind::Word(w) if w.eq_ignore_ascii_case("not") => "write `!` for \"not\"".to_owned(),
            TokenKind::Word(w) => format!("`{w}` cannot stand here; expected {wanted}"),
            TokenKind::Int(_) | TokenKind::Decimal(_) => {
                format!("a number cannot stand here; expected {wanted}")
            }
            TokenKind::Text(_) => format!("a text cannot stand here; expected {wanted}"),
        };
        mistake(self.span(), message)
    }

    fn follows(&self, symbol: &str) -> bool {
        self.at > 0 && matches!(&self.tokens[self.at - 1].kind, TokenKind::Symbol(s) if *s == symbol)
    }

    /// Makes a part above others and refuses what gets too deep.
    fn above(&self, span: Span, kind: AstKind, below: usize) -> Parsed {
        if below >= MAX_DEPTH {
            return Err(mistake(span, format!("this is nested more than {MAX_DEPTH} deep; split it up")));
        }
        Ok(Ast { span, kind, depth: below + 1 })
    }

    fn enter(&mut self) -> Result<(), Mistake> {
        self.open += 1;
        if self.open > MAX_DEPTH {
            return Err(mistake(
                self.span(),
                format!("this is nested more than {MAX_DEPTH} deep; split it up"),
            ));
        }
        Ok(())
    }

    fn any(&mut self) -> Parsed {
        self.enter()?;
        let ast = self.chain("||", |p| p.chain("&&", Self::relation, AstKind::And), AstKind::Or)?;
        self.open -= 1;
        if matches!(self.peek(), TokenKind::Symbol("?")) {
            return Err(self.unexpected("nothing"));
        }
        Ok(ast)
    }

    fn chain(
        &mut self,
        symbol: &str,
        part: fn(&mut Self) -> Parsed,
        join: fn(Vec<Ast>) -> AstKind,
    ) -> Parsed {
        let first = part(self)?;
        let mut depth = first.depth;
        let mut span = first.span;
        let mut parts = vec![first];
        while self.eat(symbol) {
            let next = part(self)?;
            depth = depth.max(next.depth);
            span.end = next.span.end;
            parts.push(next);
        }
        match (parts.len(), parts.pop()) {
            (1, Some(only)) => Ok(only),
            (_, last) => {
                parts.extend(last);
                self.above(span, join(parts), depth)
            }
        }
    }

    fn relation(&mut self) -> Parsed {
        let mut left = self.sum()?;
        loop {
            let comparison = match self.peek() {
                TokenKind::Symbol("==") => Some(Comparison::Equal),
                TokenKind::Symbol("!=") => Some(Comparison::NotEqual),
                TokenKind::Symbol("<") => Some(Comparison::Less),
                TokenKind::Symbol("<=") => Some(Comparison::LessOrEqual),
                TokenKind::Symbol(">") => Some(Comparison::Greater),
                TokenKind::Symbol(">=") => Some(Comparison::GreaterOrEqual),
                TokenKind::Word(word) if word == "in" => None,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.sum()?;
            let span = Span { start: left.span.start, end: right.span.end };
            let depth = left.depth.max(right.depth);
            let (left_box, right_box) = (Box::new(left), Box::new(right));
            let kind = match comparison {
                Some(comparison) => AstKind::Compare(comparison, left_box, right_box),
                None => AstKind::In(left_box, right_box),
            };
            left = self.above(span, kind, depth)?;
        }
    }

    fn sum(&mut self) -> Parsed {
        self.arithmetic(&[("+", Arithmetic::Add), ("-", Arithmetic::Subtract)], Self::product)
    }

    fn product(&mut self) -> Parsed {
        let operators =
            [("*", Arithmetic::Multiply), ("/", Arithmetic::Divide), ("%", Arithmetic::Remainder)];
        self.arithmetic(&operators, Self::unary)
    }

    fn arithmetic(&mut self, operators: &[(&str, Arithmetic)], part: fn(&mut Self) -> Parsed) -> Parsed {
        let mut left = part(self)?;
        while let Some((_, operator)) = operators.iter().find(|(symbol, _)| self.eat(symbol)) {
            let right = part(self)?;
            let span = Span { start: left.span.start, end: right.span.end };
            let depth = left.depth.max(right.depth);
            let kind = AstKind::Arithmetic(*operator, Box::new(left), Box::new(right));
            left = self.above(span, kind, depth)?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed {
        let start = self.span().start;
        let not = self.eat("!");
        if !not && !self.eat("-") {
            return self.member();
        }
        if let (false, TokenKind::Int(number)) = (not, self.peek()) {
            let number = i128::from(*number);
            let span = Span { start, end: self.span().end };
            self.at += 1;
            let number = i64::try_from(-number).map_err(|_| mistake(span, "this number is too large"))?;
            let literal = Ast { span, kind: AstKind::Int(number), depth: 1 };
            return self.suffixes(literal);
        }
        self.enter()?;
        let inner = self.unary()?;
        self.open -= 1;
        let (span, depth) = (Span { start, end: inner.span.end }, inner.depth);
        let inner = Box::new(inner);
        self.above(span, if not { AstKind::Not(inner) } else { AstKind::Negative(inner) }, depth)
    }

    fn member(&mut self) -> Parsed {
        let first = self.primary()?;
        self.suffixes(first)
    }

    fn suffixes(&mut self, first: Ast) -> Parsed {
        let mut ast = first;
        while self.eat(".") {
            let name_span = self.span();
            let TokenKind::Word(name) = self.peek().clone() else {
                return Err(self.unexpected("a name"));
            };
            self.at += 1;
            let start = ast.span.start;
            if self.eat("(") {
                let (args, end, below) = self.list(")")?;
                let depth = below.max(ast.depth);
                let kind = AstKind::Call { target: Some(Box::new(ast)), name, name_span, args };
                ast = self.above(Span { start, end }, kind, depth)?;
            } else {
                let depth = ast.depth;
                let span = Span { start, end: name_span.end };
                ast = self.above(span, AstKind::Select(Box::new(ast), name, name_span), depth)?;
            }
        }
        match self.peek() {
            TokenKind::Symbol("[" | "{") => Err(self.unexpected("an operator")),
            _ => Ok(ast),
        }
    }

    /// Reads up to the closing bracket: parts, end of the bracket, depth.
    fn list(&mut self, close: &str) -> Result<(Vec<Ast>, usize, usize), Mistake> {
        let mut parts = Vec::new();
        while !matches!(self.peek(), TokenKind::Symbol(s) if *s == close) {
            parts.push(self.any()?);
            if !self.eat(",") {
                break;
            }
            if close == ")" && matches!(self.peek(), TokenKind::Symbol(")")) {
                return Err(self.unexpected("a value"));
            }
        }
        let end = self.expect(close)?.end;
        let depth = parts.iter().map(|part| part.depth).max().unwrap_or(0);
        Ok((parts, end, depth))
    }

    fn primary(&mut self) -> Parsed {
        let span = self.span();
        let token = self.peek().clone();
        if matches!(token, TokenKind::End) {
            return Err(self.unexpected("a value"));
        }
        self.at += 1;
        let kind = match token {
            TokenKind::Int(number) => {
                AstKind::Int(i64::try_from(number).map_err(|_| mistake(span, "this number is too large"))?)
            }
            TokenKind::Decimal(text) => AstKind::Decimal(decimal(&text).ok_or_else(|| {
                mistake(
                    span,
                    format!("`{text}` does not fit: a decimal has at most six places and 12 digits before"),
                )
            })?),
            TokenKind::Text(text) => AstKind::Text(text),
            TokenKind::Word(word) => return self.word(word, span),
            TokenKind::Symbol("(") => {
                let mut inner = self.any()?;
                let end = self.expect(")")?.end;
                inner.span = Span { start: span.start, end };
                return Ok(inner);
            }
            TokenKind::Symbol("[") => {
                let (parts, end, depth) = self.list("]")?;
                return self.above(Span { start: span.start, end }, AstKind::List(parts), depth);
            }
            TokenKind::Symbol(_) | TokenKind::End => {
                self.at -= 1;
                return Err(self.unexpected("a value"));
            }
        };
        Ok(Ast { span, kind, depth: 1 })
    }

    fn word(&mut self, word: String, span: Span) -> Parsed {
        let kind = match word.as_str() {
            "null" => AstKind::Null,
            "true" => AstKind::Bool(true),
            "false" => AstKind::Bool(false),
            "now" | "today" | "me" => AstKind::Name(word),
            reserved if RESERVED.contains(&reserved) => {
                return Err(mistake(
                    span,
                    format!("`{word}` is a word of the language and cannot be a name"),
                ));
            }
            _ if self.eat("(") => {
                let (args, end, depth) = self.list(")")?;
                let kind = AstKind::Call { target: None, name: word, name_span: span, args };
                return self.above(Span { start: span.start, end }, kind, depth);
            }
            _ => AstKind::Name(word),
        };
        Ok(Ast { span, kind, depth: 1 })
    }
}

/// Reads a decimal literal, also one with an exponent.
fn decimal(text: &str) -> Option<Decimal> {
    let Some((digits, exponent)) = text.split_once(['e', 'E']) else { return text.parse().ok() };
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{places}");
    let point = i32::try_from(whole.len()).ok()?.checked_add(exponent)?;
    if !(-30..=30).contains(&point) {
        return None;
    }
    let point_at = usize::try_from(point.max(0)).ok()?;
    let zeros_before = usize::try_from((-point).max(0)).ok()?;
    let zeros_after = point_at.saturating_sub(all.len());
    let all = format!("{}{all}{}", "0".repeat(zeros_before), "0".repeat(zeros_after));
    let (whole, places) = all.split_at(point_at);
    format!("0{whole}.{places}").parse().ok()
}

#[cfg(test)]
mod tests;
