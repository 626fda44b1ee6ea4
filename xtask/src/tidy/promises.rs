//! Compares docs/promises.md with the words of the screens, both ways. The document lists every sentence that promises
//! something, beside the test that proves it.

use super::Finding;
use super::tree::File;

const DOCUMENT: &str = "docs/promises.md";
/// The folder of the screens' sentences.
const WORDS: &str = "client/src/ui/words/";
/// The words by which a sentence counts as a promise. A sentence without any of them can be listed too.
const SIGNS: [&str; 17] = [
    "othing is lost",
    "othing was changed",
    "othing changes",
    "nothing was linked",
    "nothing is overwritten",
    "by itself",
    "still",
    "never",
    "keeps theirs",
    "your devices only",
    "end-to-end encrypted",
    "as soon as",
    "sent again",
    "comes back",
    "Only you",
    "Only your",
    "will send when",
];

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let Some(document) = files.iter().find(|file| file.path == DOCUMENT) else {
        return Vec::new();
    };
    let words: Vec<&File> = files.iter().filter(|file| file.path.starts_with(WORDS)).collect();
    let mut findings = Vec::new();
    let listed: Vec<(usize, String)> = listed(&document.text).collect();
    for file in &words {
        for (line, sentence) in sentences(&file.text) {
            let promises = SIGNS.iter().any(|sign| sentence.contains(sign));
            if promises && !listed.iter().any(|(_, known)| *known == sentence) {
                let why = format!("\"{sentence}\" promises something, and {DOCUMENT} does not list it");
                findings.push(Finding::new(&file.path, line, why));
            }
        }
    }
    for (line, sentence) in listed {
        if !words.iter().any(|file| sentences(&file.text).any(|(_, said)| said == sentence)) {
            findings.push(Finding::new(DOCUMENT, line, format!("no screen says \"{sentence}\"")));
        }
    }
    findings
}

/// The sentences in the first column, with their lines.
fn listed(document: &str) -> impl Iterator<Item = (usize, String)> {
    let rows = document.lines().enumerate().filter_map(|(index, line)| {
        let (sentence, _) = line.strip_prefix("| ")?.split_once(" |")?;
        Some((index + 1, sentence.to_owned()))
    });
    // Leaves out the heading and the line below it.
    rows.filter(|(_, sentence)| sentence != "sentence" && !sentence.starts_with("---"))
}

/// The sentences in the string literals of Rust, outside of its tests, with the lines on which the literals begin.
fn sentences(source: &str) -> impl Iterator<Item = (usize, String)> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    literals(source).into_iter().flat_map(|(line, literal)| {
        let mut sentences = Vec::new();
        let mut rest = literal.as_str();
        let end_of = |text: &str| [". ", "? "].iter().filter_map(|end| text.find(end)).min();
        while let Some(end) = end_of(rest) {
            let (sentence, after) = rest.split_at(end + 1);
            sentences.push((line, sentence.trim().to_owned()));
            rest = after;
        }
        sentences.push((line, rest.trim().to_owned()));
        sentences
    })
}

/// The string literals with their escapes resolved. A literal that continues on the next line is one text.
fn literals(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut letters = source.chars().peekable();
    let mut line = 1;
    let mut open: Option<(usize, String)> = None;
    let mut comment = false;
    while let Some(letter) = letters.next() {
        line += usize::from(letter == '\n');
        comment &= letter != '\n';
        match (&mut open, letter) {
            (None, '/') if letters.peek() == Some(&'/') => comment = true,
            (None, '"') if !comment => open = Some((line, String::new())),
            (None, _) => {}
            (Some(_), '"') => found.extend(open.take()),
            (Some((_, text)), '\\') => match letters.next() {
                Some('\n') => {
                    line += 1;
                    while letters.next_if(|next| *next == ' ').is_some() {}
                }
                other => text.extend(other),
            },
            (Some((_, text)), other) => text.push(other),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "/// \"Nothing is lost\" is no text here.\n\
        pub const A: &str = \"It broke. Nothing is \\\n    lost: reload.\";\n\
        pub const B: &str = \"Hello {name}.\";\n\
        #[cfg(test)]\nmod tests { const C: &str = \"It never ends.\"; }";

    #[test]
    fn literals_that_go_on_in_the_next_line_are_one_text() {
        let found: Vec<_> = sentences(SOURCE).collect();
        let expected = [(2, "It broke."), (2, "Nothing is lost: reload."), (4, "Hello {name}.")];
        assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn what_promises_is_listed_and_what_is_listed_is_said() {
        let words = File::new("client/src/ui/words/mod.rs", SOURCE);
        let document = |row: &str| {
            File::new(DOCUMENT, &format!("| sentence | test |\n|---|---|\n| {row} | `a_test_of_it` |\n"))
        };
        assert_eq!(check(&[words.clone(), document("Nothing is lost: reload.")]), []);
        let findings = check(&[words, document("All is well.")]);
        let at: Vec<_> = findings.iter().map(|finding| (finding.path.as_str(), finding.line)).collect();
        assert_eq!(at, [("client/src/ui/words/mod.rs", 2), (DOCUMENT, 3)]);
    }
}
