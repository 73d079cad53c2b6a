//! What the documents say of the repository is so: a test that `SECURITY.md` names exists and is one, and a link
//! between documents leads somewhere.

mod read;

use std::{
    fs,
    path::{Path, PathBuf},
};

use read::{Named, is_a_test, links, named_tests};

/// What stands for a folder of tests in `SECURITY.md`.
const FOLDERS: &[(&str, &str)] = &[
    ("core", "crates/rolecall-core/tests"),
    ("guard", "crates/rolecall/tests"),
    ("server", "crates/rolecall-server/tests"),
    ("xtask", "xtask/tests"),
];

/// Fewer would mean that the names are not found, rather than that they are not there.
const AT_LEAST: usize = 100;

#[test]
fn security_md_names_tests_that_exist() {
    let text = fs::read_to_string(root().join("SECURITY.md")).expect("SECURITY.md");
    let named = named_tests(&text);
    assert!(named.len() >= AT_LEAST, "SECURITY.md names {} tests", named.len());
    let missing: Vec<String> = named.iter().filter_map(missing).collect();
    assert!(missing.is_empty(), "SECURITY.md names what is no test:\n{}", missing.join("\n"));
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = vec![];
    for document in documents() {
        let text = fs::read_to_string(&document).expect("a document");
        let folder = document.parent().expect("a folder");
        broken.extend(
            links(&text)
                .into_iter()
                .filter(|link| !folder.join(link).exists())
                .map(|link| format!("{}: {link}", document.display())),
        );
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn no_document_has_a_conflict_in_it() {
    let marks = ["<<<<<<< ", ">>>>>>> "];
    for document in documents() {
        let text = fs::read_to_string(&document).expect("a document");
        let conflict = text.lines().find(|line| marks.iter().any(|mark| line.starts_with(mark)));
        assert_eq!(conflict, None, "{}", document.display());
    }
}

fn missing(named: &Named) -> Option<String> {
    let Named { folder, file, name } = named;
    let (_, place) = FOLDERS.iter().find(|(short, _)| short == folder)?;
    let source = fs::read_to_string(root().join(place).join(file)).unwrap_or_default();
    (!is_a_test(&source, name)).then(|| format!("{folder}/{file}::{name}"))
}

/// The pages at the root, those in `docs`, and those of the examples.
fn documents() -> Vec<PathBuf> {
    let entries = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let examples = entries(root().join("examples")).flat_map(entries);
    let all = entries(root().to_owned()).chain(entries(root().join("docs"))).chain(examples);
    all.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository")
}
