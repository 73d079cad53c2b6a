//! What a source file names: every path in its code, written out from its crate or its dependency.
//!
//! A small reader of Rust. Comments and literals are nothing, `use` trees are taken apart, `crate`, `self` and `super`
//! become the module they mean, and a path that begins with an imported name becomes what was imported. Macros are
//! not expanded, but their arguments are read like other code.

/// One path that a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) line: usize,
    /// As `["std", "time", "Instant", "now"]`; the last may be `*`.
    pub(crate) path: Vec<String>,
    /// What was imported, where the path began with an imported name.
    pub(crate) imported: Option<Vec<String>>,
}

/// The paths named in `source`, which is the module `module` (as `["crate", "store"]`) of its crate.
pub(crate) fn names(source: &str, module: Vec<String>) -> Vec<Name> {
    let mut reader = Reader { tokens: tokens(source), module, ..Reader::default() };
    reader.read();
    reader.found.iter().flat_map(|found| reader.written_out(found)).collect()
}

#[derive(Default)]
struct Reader {
    tokens: Vec<(usize, Token)>,
    at: usize,
    /// The module of this place.
    module: Vec<String>,
    /// How deep in braces this place is, and how deep the inline modules around it began.
    depth: usize,
    inline: Vec<usize>,
    found: Vec<Found>,
    /// The modules that this file declares.
    declared: Vec<Vec<String>>,
}

struct Found {
    line: usize,
    path: Vec<String>,
    /// The name that an import gives to its path.
    import: Option<String>,
}

impl Reader {
    fn read(&mut self) {
        while let Some((_, token)) = self.tokens.get(self.at).cloned() {
            match token {
                Token::Word(word) if word == "mod" => self.module(),
                Token::Word(word) if word == "use" && !self.is(1, &Token::Other('<')) => {
                    self.at += if self.is(1, &Token::Separator) { 2 } else { 1 };
                    self.tree(Vec::new(), true);
                }
                Token::Word(word) if word == "extern" && self.is(1, &Token::Word("crate".to_owned())) => {
                    self.at += 2;
                    self.tree(Vec::new(), true);
                }
                Token::Word(_) if self.begins_a_path() => self.tree(Vec::new(), false),
                Token::Open => {
                    self.depth += 1;
                    self.at += 1;
                }
                Token::Close => {
                    if self.inline.pop_if(|depth| *depth == self.depth).is_some() {
                        self.module.pop();
                    }
                    self.depth = self.depth.saturating_sub(1);
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
    }

    /// `mod name;` or `mod name {`.
    fn module(&mut self) {
        self.at += 1;
        let Some((_, Token::Word(name))) = self.tokens.get(self.at).cloned() else { return };
        self.at += 1;
        let path: Vec<String> = self.module.iter().cloned().chain([name]).collect();
        self.declared.push(path.clone());
        if self.is(0, &Token::Open) {
            self.at += 1;
            self.depth += 1;
            self.inline.push(self.depth);
            self.module = path;
        }
    }

    /// A word that is no keyword and continues nothing: not a field or method, not the rest of `<T>::rest`.
    fn begins_a_path(&self) -> bool {
        let before = |back: usize| self.at.checked_sub(back).map(|at| &self.tokens[at].1);
        let (_, Token::Word(word)) = &self.tokens[self.at] else { return false };
        if is_keyword(word) {
            return false;
        }
        match before(1) {
            Some(Token::Dot) => false,
            // `::axum`, but not after what the `::` continues.
            Some(Token::Separator) => match before(2) {
                Some(Token::Word(word)) => is_keyword(word),
                Some(Token::Other('>')) => false,
                _ => true,
            },
            _ => true,
        }
    }

    /// A path, or with `importing` a whole tree of them, that begins with `path`.
    fn tree(&mut self, mut path: Vec<String>, importing: bool) {
        let mut line = 0;
        loop {
            match self.tokens.get(self.at).cloned() {
                Some((_, Token::Open)) if importing => return self.branches(&path),
                Some((at, Token::Word(word))) => {
                    line = at;
                    path.push(word);
                }
                Some((at, Token::Other('*'))) if importing => {
                    line = at;
                    path.push("*".to_owned());
                }
                _ => break,
            }
            self.at += 1;
            let continues = match self.tokens.get(self.at + 1).map(|(_, token)| token) {
                Some(Token::Word(_)) => true,
                Some(Token::Open | Token::Other('*')) => importing,
                _ => false,
            };
            if !(continues && self.is(0, &Token::Separator)) {
                break;
            }
            self.at += 1;
        }
        let mut import = None;
        if importing {
            // In `{self, ..}`, `self` is the path so far.
            path.pop_if(|last| last == "self");
            import = path.last().cloned();
            if self.is(0, &Token::Word("as".to_owned())) {
                if let Some((_, Token::Word(alias))) = self.tokens.get(self.at + 1) {
                    import = Some(alias.clone());
                }
                self.at += 2;
            }
        }
        if path.len() > 1 || (importing && path.len() == 1) {
            let path = self.absolute(path);
            self.found.push(Found { line, path, import });
        }
    }

    /// `{a::b, c}` after `path`.
    fn branches(&mut self, path: &[String]) {
        self.at += 1;
        while self.at < self.tokens.len() && !self.is(0, &Token::Close) {
            let before = self.at;
            self.tree(path.to_vec(), true);
            if self.at == before || self.is(0, &Token::Other(',')) {
                self.at += 1;
            }
        }
        self.at += 1;
    }

    fn absolute(&self, path: Vec<String>) -> Vec<String> {
        let ups = path.iter().take_while(|part| *part == "super" || *part == "self").count();
        if ups == 0 {
            return path;
        }
        let supers = path[..ups].iter().filter(|part| *part == "super").count();
        let module = &self.module[..self.module.len().saturating_sub(supers)];
        module.iter().chain(&path[ups..]).cloned().collect()
    }

    /// The path itself, or one path for each import or module that its first part may mean.
    fn written_out(&self, found: &Found) -> Vec<Name> {
        let line = found.line;
        let [first, rest @ ..] = &found.path[..] else { return Vec::new() };
        let others = self.found.iter().filter(|other| !std::ptr::eq(*other, found));
        let imports = others.filter(|other| other.import.as_ref() == Some(first));
        let imported = imports.map(|import| (&import.path, Some(import.path.clone())));
        let declared = self.declared.iter().filter(|path| path.last() == Some(first)).map(|path| (path, None));
        let written_out = imported.chain(declared).map(|(start, imported)| {
            let path = start.iter().chain(rest).cloned().collect();
            Name { line, path, imported }
        });
        let names: Vec<Name> = written_out.collect();
        if names.is_empty() { vec![Name { line, path: found.path.clone(), imported: None }] } else { names }
    }

    fn is(&self, ahead: usize, token: &Token) -> bool {
        self.tokens.get(self.at + ahead).is_some_and(|(_, there)| there == token)
    }
}

/// The keywords that can stand before a path; `crate`, `self` and `super` begin one.
fn is_keyword(word: &str) -> bool {
    const KEYWORDS: &str = " as async await break const continue do dyn else enum extern fn for gen if impl in let loop \
                            match mod move mut pub ref return static struct trait type unsafe use where while yield ";
    KEYWORDS.contains(&format!(" {word} "))
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    /// `::`
    Separator,
    Open,
    Close,
    Dot,
    /// Any other sign; `>` only where it closes a `<`.
    Other(char),
}

/// The tokens of `source`, each with its line.
fn tokens(source: &str) -> Vec<(usize, Token)> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(first) = rest.chars().next() {
        let (length, token) = next(rest, first);
        tokens.extend(token.map(|token| (line, token)));
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// The length of the first token of `text`, and what it is, unless it is nothing.
fn next(text: &str, first: char) -> (usize, Option<Token>) {
    match first {
        '/' if text.starts_with("//") => (text.find('\n').unwrap_or(text.len()), None),
        '/' if text.starts_with("/*") => (block_comment(text), None),
        '"' => (string(text, 1), None),
        '\'' => match text[1..].chars().next() {
            Some('\\') => (string(text, 1).max(1), None),
            Some(inner) if text[1 + inner.len_utf8()..].starts_with('\'') => (2 + inner.len_utf8(), None),
            _ => (1 + word(&text[1..]), None),
        },
        _ if first == '_' || first.is_alphanumeric() => {
            let length = word(text);
            let after = &text[length..];
            match &text[..length] {
                "r" | "br" | "cr" if after.starts_with('"') || after.starts_with("#\"") || after.starts_with("##") => {
                    let hashes = after.len() - after.trim_start_matches('#').len();
                    let body = length + hashes + 1;
                    let end = format!("\"{}", "#".repeat(hashes));
                    let close = text.get(body..).and_then(|body| body.find(&end));
                    (close.map_or(text.len(), |at| body + at + end.len()), None)
                }
                "r" if after.starts_with('#') => {
                    let raw = word(&after[1..]);
                    (length + 1 + raw, Some(Token::Word(after[1..=raw].to_owned())))
                }
                "b" | "c" if after.starts_with('"') => (string(text, length + 1), None),
                "b" if after.starts_with("'") => (length, None),
                word => (length, Some(Token::Word(word.to_owned()))),
            }
        }
        ':' if text.starts_with("::") => (2, Some(Token::Separator)),
        '.' if text.starts_with("..") => (2, Some(Token::Other('.'))),
        '-' | '=' if text[1..].starts_with('>') => (2, Some(Token::Other(first))),
        '.' => (1, Some(Token::Dot)),
        '{' => (1, Some(Token::Open)),
        '}' => (1, Some(Token::Close)),
        _ => (first.len_utf8(), (!first.is_whitespace()).then_some(Token::Other(first))),
    }
}

/// The length of a literal that opened with the byte before `from`, its closing sign included.
fn string(text: &str, from: usize) -> usize {
    let quote = text.as_bytes()[from - 1];
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(from) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            _ if byte == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a block comment; they nest.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of the word at the start of `text`.
fn word(text: &str) -> usize {
    text.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(text.len())
}
