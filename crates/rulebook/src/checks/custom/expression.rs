//! Expressions of a manufacturer's own measures and conditions: a part of CEL, the Common Expression Language.
//!
//! The crate `cel` parses; what it gives is walked and taken over piece by piece, so nothing is carried out but what
//! stands here: whole numbers of 64 bits, truth, comparing, reckoning, choosing, the names that the caller knows and five
//! functions. What leaves the 64 bits, or divides by nothing, is no number, never another one.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SourceInfo};
use cel::parser::Parser;

/// How many bytes an expression has at most.
pub const MOST_BYTES: usize = 500;
/// How deep an expression is at most, parentheses and all.
pub const MOST_DEPTH: usize = 24;

/// What an expression gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole number.
    Number,
    /// True or false.
    Truth,
}

impl Kind {
    const fn words(self) -> &'static str {
        match self {
            Self::Number => "a whole number",
            Self::Truth => "true or false",
        }
    }
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// A figure the tower knows, by its place in the list.
    Figure(usize),
    /// A measure of the file, by its place there.
    Measure(usize),
}

/// Why there is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// This figure is not known.
    Missing(Name),
    /// A division by nothing.
    DividedByZero,
    /// A number beyond 64 bits.
    TooLarge,
}

/// What is wrong in an expression, and at which character, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The character.
    pub at: usize,
    /// What is wrong and what to write instead.
    pub reason: String,
}

/// The functions, with how many numbers each takes.
pub const FUNCTIONS: [(&str, usize); 5] = [("share", 2), ("per", 3), ("min", 2), ("max", 2), ("abs", 1)];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Share,
    Per,
    Min,
    Max,
    Abs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reckon {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Number(i64),
    Truth(bool),
    Name(Name),
    Negate(Box<Node>),
    Not(Box<Node>),
    Reckon(Reckon, Box<[Node; 2]>),
    Compare(Compare, Box<[Node; 2]>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    Choose(Box<[Node; 3]>),
    Call(Function, Vec<Node>),
}

/// An expression that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// As the file has it.
    pub text: String,
    /// What it names, each once, in the order of the text.
    pub names: Vec<Name>,
    node: Node,
}

/// Reads an expression that has to give something of a kind.
///
/// # Errors
/// The first fault: what CEL does not read, and all of CEL that is not taken here.
pub(super) fn read(
    text: &str,
    kind: Kind,
    known: &dyn Fn(&str) -> Option<Name>,
) -> Result<Expression, Fault> {
    if text.len() > MOST_BYTES {
        let reason = format!("{} bytes are too long: at most {MOST_BYTES}, take a measure apart", text.len());
        return Err(Fault { at: 1, reason });
    }
    let parser = Parser::new().max_recursion_depth(MOST_DEPTH as u16).error_recovery_limit(1);
    let (tree, source) = parser.parse_with_source_info(text).map_err(|errors| unread(text, &errors))?;
    let mut reading = Reading { text, source, known, names: Vec::new() };
    let (node, given) = reading.node(&tree, MOST_DEPTH)?;
    if given != kind {
        let reason = format!("it gives {}, {} is wanted", given.words(), kind.words());
        return Err(Fault { at: 1, reason });
    }
    Ok(Expression { text: text.to_owned(), names: reading.names, node })
}

fn unread(text: &str, errors: &cel::ParseErrors) -> Fault {
    let told = errors.errors.first();
    let deep = errors.errors.iter().any(|error| error.msg.contains("Recursion limit"));
    let at = told.map_or(1, |error| {
        let line = usize::try_from(error.pos.0 - 1).unwrap_or(0);
        let before: usize = text.split_inclusive('\n').take(line).map(|line| line.chars().count()).sum();
        before + usize::try_from(error.pos.1).unwrap_or(1).max(1)
    });
    let reason = if deep {
        format!("too deep: at most {MOST_DEPTH} within one another, take a measure apart")
    } else {
        // The parser's list of all it would have taken helps nobody.
        let told = told.map_or("no expression", |error| error.msg.as_str());
        let told = told.split(" expecting ").next().unwrap_or(told).trim_start_matches("Syntax error: ");
        format!("not readable as CEL: {told}")
    };
    Fault { at, reason }
}

/// The walk over what the parser gave.
struct Reading<'r> {
    text: &'r str,
    source: SourceInfo,
    known: &'r dyn Fn(&str) -> Option<Name>,
    names: Vec<Name>,
}

type Read = Result<(Node, Kind), Fault>;

impl Reading<'_> {
    fn fault(&self, tree: &IdedExpr, reason: impl Into<String>) -> Fault {
        let (start, _) = self.source.offset_for(tree.id).unwrap_or((0, 0));
        let at = (start as usize).min(self.text.chars().count()) + 1;
        Fault { at, reason: reason.into() }
    }

    fn node(&mut self, tree: &IdedExpr, depth: usize) -> Read {
        let Some(depth) = depth.checked_sub(1) else {
            let reason = format!("too deep: at most {MOST_DEPTH} within one another, take a measure apart");
            return Err(self.fault(tree, reason));
        };
        let refused = match &tree.expr {
            Expr::Literal(LiteralValue::Int(number)) => {
                return Ok((Node::Number(*number.inner()), Kind::Number));
            }
            Expr::Literal(LiteralValue::Boolean(truth)) => {
                return Ok((Node::Truth(*truth.inner()), Kind::Truth));
            }
            Expr::Ident(name) => return self.name(tree, name),
            Expr::Call(call) => return self.call(tree, call, depth),
            Expr::Literal(LiteralValue::Double(_)) => "a float: write whole numbers, of a smaller unit",
            Expr::Literal(LiteralValue::UInt(_)) => "an unsigned number: leave the 'u' away",
            Expr::Literal(_) => "a text or nothing: there are whole numbers, true and false",
            Expr::List(_) | Expr::Map(_) | Expr::Struct(_) => "a list or structure: there are none",
            Expr::Select(_) => "a field: names have none",
            Expr::Comprehension(_) => "a macro over a list: there are none",
            Expr::Unspecified => "nothing",
        };
        Err(self.fault(tree, refused))
    }

    fn name(&mut self, tree: &IdedExpr, name: &str) -> Read {
        let Some(known) = (self.known)(name) else {
            let reason = format!("no figure or measure '{name}': docs/custom-rules.md lists the figures");
            return Err(self.fault(tree, reason));
        };
        if !self.names.contains(&known) {
            self.names.push(known);
        }
        Ok((Node::Name(known), Kind::Number))
    }

    fn call(&mut self, tree: &IdedExpr, call: &CallExpr, depth: usize) -> Read {
        use Kind::{Number, Truth};
        if call.target.is_some() {
            return Err(self.fault(tree, format!("'{}' is called on nothing here", call.func_name)));
        }
        let reckon = |this: &mut Self, how| Ok((Node::Reckon(how, this.two(call, Number, depth)?), Number));
        let order = |this: &mut Self, how| Ok((Node::Compare(how, this.two(call, Number, depth)?), Truth));
        match call.func_name.as_str() {
            "_+_" => reckon(self, Reckon::Add),
            "_-_" => reckon(self, Reckon::Subtract),
            "_*_" => reckon(self, Reckon::Multiply),
            "_/_" => reckon(self, Reckon::Divide),
            "_%_" => reckon(self, Reckon::Remainder),
            "_<_" => order(self, Compare::Less),
            "_<=_" => order(self, Compare::LessOrEqual),
            "_>_" => order(self, Compare::More),
            "_>=_" => order(self, Compare::MoreOrEqual),
            "_==_" => order(self, Compare::Equal),
            "_!=_" => order(self, Compare::NotEqual),
            "_&&_" => Ok((Node::And(self.two(call, Truth, depth)?), Truth)),
            "_||_" => Ok((Node::Or(self.two(call, Truth, depth)?), Truth)),
            "!_" => Ok((Node::Not(Box::new(self.one(call, Truth, depth)?)), Truth)),
            "-_" => Ok((Node::Negate(Box::new(self.one(call, Number, depth)?)), Number)),
            "_?_:_" => self.choose(call, depth),
            name => self.function(tree, name, call, depth),
        }
    }

    /// A part that has to be of a kind.
    fn part(&mut self, tree: &IdedExpr, wanted: Kind, depth: usize) -> Result<Node, Fault> {
        let (node, kind) = self.node(tree, depth)?;
        if kind == wanted {
            return Ok(node);
        }
        Err(self.fault(tree, format!("it is {}, {} is wanted here", kind.words(), wanted.words())))
    }

    fn one(&mut self, call: &CallExpr, wanted: Kind, depth: usize) -> Result<Node, Fault> {
        let [of] = call.args.as_slice() else { return Err(odd()) };
        self.part(of, wanted, depth)
    }

    fn two(&mut self, call: &CallExpr, wanted: Kind, depth: usize) -> Result<Box<[Node; 2]>, Fault> {
        let [left, right] = call.args.as_slice() else { return Err(odd()) };
        Ok(Box::new([self.part(left, wanted, depth)?, self.part(right, wanted, depth)?]))
    }

    fn choose(&mut self, call: &CallExpr, depth: usize) -> Read {
        let [when, then, otherwise] = call.args.as_slice() else { return Err(odd()) };
        let when = self.part(when, Kind::Truth, depth)?;
        let (then, kind) = self.node(then, depth)?;
        let otherwise = self.part(otherwise, kind, depth)?;
        Ok((Node::Choose(Box::new([when, then, otherwise])), kind))
    }

    fn function(&mut self, tree: &IdedExpr, name: &str, call: &CallExpr, depth: usize) -> Read {
        let function = match name {
            "share" => Function::Share,
            "per" => Function::Per,
            "min" => Function::Min,
            "max" => Function::Max,
            "abs" => Function::Abs,
            _ => {
                let names = FUNCTIONS.map(|(name, _)| name).join(", ");
                return Err(self.fault(tree, format!("no function '{}': there is {names}", operator(name))));
            }
        };
        let wanted = FUNCTIONS.iter().find(|(known, _)| *known == name).map_or(0, |(_, count)| *count);
        if call.args.len() != wanted {
            let reason = format!("'{name}' takes {wanted} number(s), not {}", call.args.len());
            return Err(self.fault(tree, reason));
        }
        let parts = call.args.iter().map(|of| self.part(of, Kind::Number, depth));
        Ok((Node::Call(function, parts.collect::<Result<_, _>>()?), Kind::Number))
    }
}

/// What the parser calls an operator that is not taken, as it is written.
fn operator(name: &str) -> &str {
    match name {
        "@in" => "in",
        "_[_]" => "[ ]",
        name => name,
    }
}

/// An operator with another number of parts than it has.
fn odd() -> Fault {
    Fault { at: 1, reason: "not readable as CEL: an operator lacks a part".to_owned() }
}

/// What an expression gives, or why not.
pub(super) type Given<T> = Result<T, Absent>;

impl Expression {
    /// What stands for an expression that could not be read; its file is refused.
    pub(super) fn nothing() -> Self {
        Self { text: String::new(), names: Vec::new(), node: Node::Number(0) }
    }

    /// The number it gives; a number is wanted where it was read.
    pub fn number(&self, of: &mut dyn FnMut(Name) -> Given<i64>) -> Given<i64> {
        number(&self.node, of)
    }

    /// Whether it holds.
    pub fn truth(&self, of: &mut dyn FnMut(Name) -> Given<i64>) -> Given<bool> {
        truth(&self.node, of)
    }
}

type Of<'o> = dyn FnMut(Name) -> Given<i64> + 'o;

fn number(node: &Node, of: &mut Of) -> Given<i64> {
    match node {
        Node::Number(number) => Ok(*number),
        Node::Name(name) => of(*name),
        Node::Negate(part) => number(part, of)?.checked_neg().ok_or(Absent::TooLarge),
        Node::Reckon(how, parts) => {
            let (left, right) = (number(&parts[0], of)?, number(&parts[1], of)?);
            reckon(*how, left, right)
        }
        Node::Choose(parts) => {
            if truth(&parts[0], of)? {
                number(&parts[1], of)
            } else {
                number(&parts[2], of)
            }
        }
        Node::Call(function, parts) => {
            let numbers: Vec<i64> = parts.iter().map(|part| number(part, of)).collect::<Result<_, _>>()?;
            call(*function, &numbers)
        }
        _ => unreachable!("reading has told numbers from truth"),
    }
}

fn truth(node: &Node, of: &mut Of) -> Given<bool> {
    match node {
        Node::Truth(truth) => Ok(*truth),
        Node::Not(part) => Ok(!truth(part, of)?),
        // As in CEL: what decides by itself decides, whatever the other side lacks.
        Node::And(parts) => decided(truth(&parts[0], of), truth(&parts[1], of), false),
        Node::Or(parts) => decided(truth(&parts[0], of), truth(&parts[1], of), true),
        Node::Compare(how, parts) => {
            let (left, right) = (number(&parts[0], of)?, number(&parts[1], of)?);
            Ok(match how {
                Compare::Equal => left == right,
                Compare::NotEqual => left != right,
                Compare::Less => left < right,
                Compare::LessOrEqual => left <= right,
                Compare::More => left > right,
                Compare::MoreOrEqual => left >= right,
            })
        }
        Node::Choose(parts) => {
            if truth(&parts[0], of)? {
                truth(&parts[1], of)
            } else {
                truth(&parts[2], of)
            }
        }
        _ => unreachable!("reading has told numbers from truth"),
    }
}

fn decided(left: Given<bool>, right: Given<bool>, by: bool) -> Given<bool> {
    if left == Ok(by) || right == Ok(by) {
        return Ok(by);
    }
    left?;
    right
}

fn reckon(how: Reckon, left: i64, right: i64) -> Given<i64> {
    let given = match how {
        Reckon::Add => left.checked_add(right),
        Reckon::Subtract => left.checked_sub(right),
        Reckon::Multiply => left.checked_mul(right),
        Reckon::Divide | Reckon::Remainder if right == 0 => return Err(Absent::DividedByZero),
        Reckon::Divide => left.checked_div(right),
        Reckon::Remainder => left.checked_rem(right),
    };
    given.ok_or(Absent::TooLarge)
}

fn call(function: Function, of: &[i64]) -> Given<i64> {
    match (function, of) {
        (Function::Share, [part, whole]) => per(*part, *whole, 10_000),
        (Function::Per, [part, whole, times]) => per(*part, *whole, *times),
        (Function::Min, [a, b]) => Ok(*a.min(b)),
        (Function::Max, [a, b]) => Ok(*a.max(b)),
        (Function::Abs, [a]) => a.checked_abs().ok_or(Absent::TooLarge),
        _ => unreachable!("reading has counted the numbers"),
    }
}

/// `part` · `times` / `whole`, half-up away from zero, exact.
fn per(part: i64, whole: i64, times: i64) -> Given<i64> {
    if whole == 0 {
        return Err(Absent::DividedByZero);
    }
    let above = i128::from(part) * i128::from(times);
    let (size, below) = (above.unsigned_abs(), u128::from(whole.unsigned_abs()));
    let rounded = size / below + u128::from(size % below >= below.div_ceil(2));
    let rounded = i128::try_from(rounded).map_err(|_| Absent::TooLarge)?;
    let negative = (above < 0) != (whole < 0);
    i64::try_from(if negative { -rounded } else { rounded }).map_err(|_| Absent::TooLarge)
}
