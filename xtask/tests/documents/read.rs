//! Reading documents and, as far as they ask for it, sources.

/// A test as a document names it: `folder/file.rs::name`.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Named<'a> {
    pub(crate) folder: &'a str,
    pub(crate) file: &'a str,
    pub(crate) name: &'a str,
}

/// Every test that a document names in backticks.
pub(crate) fn named_tests(text: &str) -> Vec<Named<'_>> {
    let spans = text.split('`').skip(1).step_by(2);
    spans
        .filter_map(|span| {
            let (place, name) = span.split_once(".rs::")?;
            let (folder, _) = place.split_once('/')?;
            let file = span.get(folder.len() + 1..place.len() + ".rs".len())?;
            Some(Named { folder, file, name })
        })
        .collect()
}

/// Whether a source has a test of this name: with an attribute that says so, or in a macro that makes tests.
pub(crate) fn is_a_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().collect();
    let head = format!("fn {name}(");
    lines.iter().enumerate().any(|(at, line)| {
        let begins = line.trim_start().trim_start_matches("pub ").trim_start_matches("async ");
        begins.starts_with(&head) && (has_attribute(&lines[..at]) || is_in_a_macro(line, &lines[..at]))
    })
}

fn has_attribute(before: &[&str]) -> bool {
    let above = before.iter().rev().map(|line| line.trim());
    above.take_while(|line| line.starts_with('#') || line.starts_with("//")).any(|line| {
        let attribute = line.trim_start_matches("#[");
        attribute.starts_with("test]") || attribute.starts_with("tokio::test")
    })
}

/// `on_both! {` makes two tests of each function in it, `proptest! {` one.
fn is_in_a_macro(line: &str, before: &[&str]) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let opened = before.iter().rev().find(|above| !above.is_empty() && indent(above) < indent(line));
    let opened = opened.map(|line| line.trim_start());
    opened.is_some_and(|line| line.starts_with("on_both! {") || line.starts_with("proptest! {"))
}

/// Where the links of a document lead within the repository, without what follows a `#`.
pub(crate) fn links(text: &str) -> Vec<&str> {
    let ends = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
    let paths = ends.map(|link| link.split('#').next().unwrap_or_default());
    paths.filter(|link| !link.is_empty() && !link.contains("://") && !link.contains(char::is_whitespace)).collect()
}

#[test]
fn a_test_is_named_by_folder_file_and_name() {
    let text = "`core/a/b.rs::it_is` and `x.rs::no_folder`, `core/a.rs`, `guard/c.rs::so`";
    let found = named_tests(text);
    assert_eq!(found, [("core", "a/b.rs", "it_is"), ("guard", "c.rs", "so")].map(named));
}

#[cfg(test)]
fn named((folder, file, name): (&'static str, &'static str, &'static str)) -> Named<'static> {
    Named { folder, file, name }
}

#[test]
fn a_helper_is_no_test() {
    let source = "#[test]\nfn one() {}\n\n/// Words.\n#[tokio::test(flavor = \"multi_thread\")]\n#[expect(x)]\nasync fn \
                  two() {}\n\nfn three() {}\n\non_both! {\n    async fn four(world) {\n    }\n}\n\nmod x {\n    fn five() \
                  {}\n}\n";
    let tests = ["one", "two", "three", "four", "five", "on", ""].map(|name| is_a_test(source, name));
    assert_eq!(tests, [true, true, false, true, false, false, false]);
}

#[test]
fn a_link_is_followed_within_the_repository_only() {
    let text = "[a](docs/a.md#part) [b](https://example.org) [c](#here)\n[d](../b.md)";
    assert_eq!(links(text), ["docs/a.md", "../b.md"]);
}
