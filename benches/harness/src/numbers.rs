//! Measurements: medians, spread, ratios of neighbours in time.

/// Measurements of one thing, in the order in which they were taken.
#[derive(Clone, Debug, Default)]
pub struct Series(pub Vec<f64>);

impl Series {
    /// The middle one.
    pub fn median(&self) -> f64 {
        self.at(0.5)
    }

    /// The one that this share of all is below.
    pub fn at(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        match sorted.len() {
            0 => f64::NAN,
            n => {
                let place = share * (n - 1) as f64;
                let (low, high) = (place.floor() as usize, place.ceil() as usize);
                sorted[low] + (sorted[high] - sorted[low]) * place.fract()
            }
        }
    }

    /// Each measurement over the other's of the same round.
    pub fn over(&self, other: &Series) -> Series {
        Series(self.0.iter().zip(&other.0).map(|(one, other)| one / other).collect())
    }

    /// Each measurement less the other's of the same round.
    pub fn less(&self, other: &Series) -> Series {
        Series(self.0.iter().zip(&other.0).map(|(one, other)| one - other).collect())
    }

    /// The median, with the quartiles around it.
    pub fn show(&self, digits: usize) -> String {
        format!("{:.digits$} ({:.digits$} to {:.digits$})", self.median(), self.at(0.25), self.at(0.75))
    }
}

/// A whole number with a comma before every three digits.
pub fn grouped(number: u64) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1000), number % 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::{Series, grouped};

    #[test]
    fn the_middle_lies_between_where_there_is_none() {
        let series = Series(vec![4.0, 1.0, 3.0, 2.0]);
        assert_eq!((series.median(), series.at(0.0), series.at(1.0)), (2.5, 1.0, 4.0));
        assert!(Series::default().median().is_nan());
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        let (one, other) = (Series(vec![1.0, 20.0, 3.0]), Series(vec![2.0, 40.0, 6.0]));
        assert_eq!(one.over(&other).show(2), "0.50 (0.50 to 0.50)");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 999, 1000, 1_000_050].map(grouped), ["0", "999", "1,000", "1,000,050"]);
    }
}
