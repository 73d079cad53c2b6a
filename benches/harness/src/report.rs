//! What a part tells: Markdown for the page, and what is asked of each number in it.

/// What is asked of a number.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    /// It must be at least this, or the run fails.
    AtLeast(f64),
    /// It must be at most this, or the run fails.
    AtMost(f64),
    /// It would be good if it were at least this.
    GoalAtLeast(f64),
    /// It would be good if it were at most this.
    GoalAtMost(f64),
}

impl Asked {
    fn must(self) -> bool {
        matches!(self, Asked::AtLeast(_) | Asked::AtMost(_))
    }

    /// A number that could not be had (NaN) holds nothing.
    fn holds(self, number: f64) -> bool {
        match self {
            Asked::AtLeast(least) | Asked::GoalAtLeast(least) => number >= least,
            Asked::AtMost(most) | Asked::GoalAtMost(most) => number <= most,
        }
    }

    fn words(self) -> String {
        match self {
            Asked::AtLeast(least) => format!("must be at least {least}"),
            Asked::AtMost(most) => format!("must be at most {most}"),
            Asked::GoalAtLeast(least) => format!("goal: at least {least}"),
            Asked::GoalAtMost(most) => format!("goal: at most {most}"),
        }
    }
}

/// What a part of the run found out.
#[derive(Debug, Default)]
pub struct Report {
    /// Markdown, as it goes into the page.
    pub text: String,
    /// What must hold and does not.
    pub failed: Vec<String>,
    /// Goals that were not reached.
    pub short: Vec<String>,
    /// The last line of the run: what a person or a script looks for.
    pub last: Option<String>,
}

impl Report {
    /// A paragraph.
    pub fn line(&mut self, text: impl AsRef<str>) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text.as_ref());
        self.text.push('\n');
    }

    /// A table.
    pub fn table<const N: usize>(&mut self, head: [&str; N], rows: &[[String; N]]) {
        let head = head.map(str::to_owned);
        let width = |column: usize| rows.iter().chain([&head]).map(|row| row[column].chars().count()).max();
        let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or(0));
        let row = |cells: &[String; N]| {
            let cells = cells.iter().zip(widths).map(|(cell, width)| format!(" {cell:<width$} |"));
            format!("|{}\n", cells.collect::<String>())
        };
        let rule = format!("|{}\n", widths.map(|width| format!("{:-<1$}|", "", width + 2)).concat());
        self.line(row(&head) + &rule + rows.iter().map(row).collect::<String>().trim_end());
    }

    /// Compares a number with what is asked of it, and answers words for the table.
    pub fn judge(&mut self, what: &str, number: f64, asked: Asked) -> String {
        let holds = asked.holds(number);
        if !holds {
            let list = if asked.must() { &mut self.failed } else { &mut self.short };
            list.push(format!("{what}: {number:.3} ({})", asked.words()));
        }
        format!("{}: {}", asked.words(), if holds { "yes" } else { "**no**" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_must_hold_fails() {
        let mut report = Report::default();
        assert_eq!(report.judge("speed", 0.97, Asked::AtLeast(0.96)), "must be at least 0.96: yes");
        assert_eq!(report.judge("speed", 0.97, Asked::GoalAtLeast(0.98)), "goal: at least 0.98: **no**");
        assert_eq!(report.judge("size", f64::NAN, Asked::AtMost(18.0)), "must be at most 18: **no**");
        assert_eq!((report.failed.len(), report.short.len()), (1, 1));
    }

    #[test]
    fn a_table_is_aligned() {
        let mut report = Report::default();
        report.line("Seen:");
        report.table(["what", "ns"], &[["a check".to_owned(), "11".to_owned()]]);
        assert_eq!(report.text, "Seen:\n\n| what    | ns |\n|---------|----|\n| a check | 11 |\n");
    }
}
