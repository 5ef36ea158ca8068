//! The network on any day: a dealer's region, the holder of a post, the bays in force (rulebook 3.7, 4.4).

use hashbrown::HashMap;
use jiff::civil::Date;

use crate::codes::Code;
use crate::facts::{Dealer, Facts, Post, Role};

/// The network's structure, by date.
#[derive(Debug, Default)]
pub struct Org {
    dealers: HashMap<Code, Dealer>,
    moves: HashMap<Code, Vec<(Date, Code)>>,
    posts: HashMap<(Role, Code), Vec<Post>>,
    bays: HashMap<Code, Vec<(Date, i64)>>,
}

impl Org {
    /// The structure that the facts describe.
    pub fn new(facts: &Facts) -> Self {
        let mut org =
            Self { dealers: facts.dealers.iter().map(|d| (d.dealer, *d)).collect(), ..Self::default() };
        for step in &facts.moves {
            org.moves.entry(step.dealer).or_default().push((step.from, step.region));
        }
        for bays in &facts.bays {
            org.bays.entry(bays.dealer).or_default().push((bays.effective_on, bays.bays));
        }
        for post in &facts.posts {
            org.posts.entry((post.role, post.scope)).or_default().push(*post);
        }
        org.moves.values_mut().for_each(|moves| moves.sort_by_key(|(from, _)| *from));
        org.bays.values_mut().for_each(|bays| bays.sort_by_key(|(from, _)| *from));
        let text = |post: &Post| facts.codes.text(post.person).to_owned();
        // The first that fits holds the post: the later `from`, then the smaller code.
        org.posts
            .values_mut()
            .for_each(|posts| posts.sort_by(|a, b| b.from.cmp(&a.from).then_with(|| text(a).cmp(&text(b)))));
        org
    }

    /// The dealer of a code.
    pub fn dealer(&self, dealer: Code) -> Option<&Dealer> {
        self.dealers.get(&dealer)
    }

    /// The region of a dealer on a day.
    pub fn region(&self, dealer: Code, on: Date) -> Option<Code> {
        let moved = self.moves.get(&dealer).and_then(|moves| latest(moves, on));
        moved.or_else(|| self.dealers.get(&dealer).map(|d| d.region))
    }

    /// The bays of a dealer in force on a day; none known = none.
    pub fn bays(&self, dealer: Code, on: Date) -> Option<i64> {
        self.bays.get(&dealer).and_then(|bays| latest(bays, on))
    }

    /// The post row by which someone holds a post on a day.
    pub fn post(&self, role: Role, scope: Code, on: Date) -> Option<&Post> {
        let posts = self.posts.get(&(role, scope))?;
        posts.iter().find(|post| post.from <= on && post.to.is_none_or(|to| on <= to))
    }

    /// Who holds a post on a day.
    pub fn holder(&self, role: Role, scope: Code, on: Date) -> Option<Code> {
        self.post(role, scope, on).map(|post| post.person)
    }

    /// Who leads a region on a day: the director, or, that post vacant, the deputy (rulebook 4.1).
    pub fn region_leader(&self, region: Code, on: Date) -> Option<Code> {
        self.holder(Role::RegionDirector, region, on)
            .or_else(|| self.holder(Role::RegionDeputyDirector, region, on))
    }
}

fn latest<T: Copy>(steps: &[(Date, T)], on: Date) -> Option<T> {
    let after = steps.partition_point(|(from, _)| *from <= on);
    after.checked_sub(1).map(|index| steps[index].1)
}
