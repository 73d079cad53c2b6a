//! The policy, before it is in anybody's form: as many roles as rules, each of which may do one thing; and what is
//! asked of it.

/// `role` may do `operation` on `object`. No two are the same.
pub struct Rule {
    pub role: String,
    pub object: String,
    pub operation: String,
}

/// The policy, and eight people with one role each, spread over it.
pub struct Rules {
    pub all: Vec<Rule>,
}

/// Whether one of the people may do what a rule is about.
#[derive(Debug)]
pub struct Question {
    /// Which of the questions.
    pub number: usize,
    /// Which of the people; the rule of his role is [`Rules::of`] him.
    pub person: usize,
    pub object: String,
    pub operation: String,
    /// What the answer must be.
    pub allowed: bool,
}

/// So many people.
pub const PEOPLE: usize = 8;

impl Rules {
    pub fn new(count: usize) -> Rules {
        let rule = |n: usize| Rule {
            role: format!("role-{n}"),
            object: format!("object-{}", n / 4),
            operation: format!("operation-{}", n % 4),
        };
        Rules { all: (0..count).map(rule).collect() }
    }

    /// The rule of a person's role. From the beginning of the policy to its end, so that it costs no one more, on
    /// the average, to find it from one side than from the other.
    pub fn of(&self, person: usize) -> &Rule {
        &self.all[self.place(person)]
    }

    /// A person asks for what his role may do, and for what the role next to it may do.
    pub fn questions(&self) -> impl Iterator<Item = Question> {
        (0..2 * PEOPLE).map(|number| {
            let (person, allowed) = (number / 2, number.is_multiple_of(2));
            let place = self.place(person) + usize::from(!allowed);
            let rule = &self.all[place % self.all.len()];
            Question { number, person, object: rule.object.clone(), operation: rule.operation.clone(), allowed }
        })
    }

    fn place(&self, person: usize) -> usize {
        person * (self.all.len() - 1) / (PEOPLE - 1)
    }
}
