//! Parses a little Markdown: bold, italic, struck out, code, blocks of code, quotes, lists. Supports no HTML, no links with
//! another text, no pictures and no headings; the app shows unknown markup as it was written. Styles nest no deeper than
//! [`DEPTH`].

/// How deep styles may nest.
const DEPTH: u32 = 4;

/// A run of lines of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block<'a> {
    /// Lines without markup of a block.
    Text(&'a str),
    /// The lines between lines of three backticks.
    Code(&'a str),
    /// Lines after `>`.
    Quote(Vec<&'a str>),
    /// Lines after `-`, `*` or a number; with the first number.
    List(Option<u32>, Vec<&'a str>),
}

/// Text in one style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span<'a> {
    /// The text.
    pub text: &'a str,
    /// Its style.
    pub style: Style,
}

/// The style of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, any of which may hold with any other")]
pub struct Style {
    /// `**so**`
    pub bold: bool,
    /// `*so*` or `_so_`
    pub italic: bool,
    /// `~~so~~`
    pub struck: bool,
    /// `` `so` ``
    pub code: bool,
}

/// Whether the text may contain markup. Most texts contain none.
#[must_use]
pub fn may_have(text: &str) -> bool {
    let starts = |line: &str| quoted(line).is_some() || item(line).is_some();
    text.bytes().any(|byte| matches!(byte, b'*' | b'_' | b'~' | b'`')) || text.lines().any(starts)
}

fn quoted(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('>')?;
    Some(rest.strip_prefix(' ').unwrap_or(rest))
}

/// A line of a list: its number, if it has one, and its text.
fn item(line: &str) -> Option<(Option<u32>, &str)> {
    let bullet = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
    if let Some(rest) = bullet {
        return Some((None, rest));
    }
    let (number, rest) = line.split_once(". ")?;
    let digits = number.len() <= 4 && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|_| digits).map(|number| (Some(number), rest))
}

/// The text as blocks, in order.
#[must_use]
pub fn blocks(text: &str) -> Vec<Block<'_>> {
    let (mut blocks, mut rest, mut begun) = (Vec::new(), text, 0);
    while !rest.is_empty() {
        if let Some((code, after)) = fenced(rest) {
            blocks.push(Block::Code(code));
            rest = after;
            continue;
        }
        let (line, after) = cut_line(rest);
        let at = text.len() - rest.len();
        match (blocks.last_mut(), quoted(line), item(line)) {
            (Some(Block::Quote(lines)), Some(said), _) => lines.push(said),
            (_, Some(said), _) => blocks.push(Block::Quote(vec![said])),
            (Some(Block::List(first, items)), None, Some((number, said)))
                if first.is_some() == number.is_some() =>
            {
                items.push(said);
            }
            (_, None, Some((number, said))) => blocks.push(Block::List(number, vec![said])),
            (Some(Block::Text(before)), None, None) => {
                *before = text.get(begun..at + line.len()).unwrap_or(before);
            }
            (_, None, None) => {
                begun = at;
                blocks.push(Block::Text(line));
            }
        }
        rest = after;
    }
    blocks
}

/// The first line, and what comes after it.
fn cut_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

/// A block of code at the beginning of the text, and the text after it.
fn fenced(text: &str) -> Option<(&str, &str)> {
    let (_, inside) = cut_line(text.strip_prefix("```")?);
    let end = if inside.starts_with("```") { 0 } else { inside.find("\n```")? + 1 };
    let code = inside.get(..end)?;
    let (_, after) = cut_line(inside.get(end + 3..)?);
    Some((code.strip_suffix('\n').unwrap_or(code), after))
}

/// Splits the text of a line or paragraph by styles.
#[must_use]
pub fn spans(text: &str) -> Vec<Span<'_>> {
    let mut spans = Vec::new();
    styled(text, Style::default(), DEPTH, &mut spans);
    spans
}

const MARKS: [&str; 5] = ["`", "**", "~~", "*", "_"];

fn with(style: Style, mark: &str) -> Style {
    match mark {
        "`" => Style { code: true, ..style },
        "**" => Style { bold: true, ..style },
        "~~" => Style { struck: true, ..style },
        _ => Style { italic: true, ..style },
    }
}

fn styled<'a>(text: &'a str, style: Style, depth: u32, spans: &mut Vec<Span<'a>>) {
    let (mut plain, mut at) = (0, 0);
    // If one search for an end mark found none, later searches find none either.
    let mut hopeless = [depth == 0; MARKS.len()];
    while at < text.len() {
        let found = MARKS.iter().zip(&mut hopeless).find_map(|(mark, hopeless)| {
            let opens = !*hopeless && opens(text, at, mark);
            let end = opens.then(|| end_of(text, at, mark))?;
            *hopeless |= end.is_none();
            Some((mark, end?))
        });
        let Some((mark, end)) = found else {
            at += text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
            continue;
        };
        put(text.get(plain..at), style, spans);
        let inside = text.get(at + mark.len()..end).unwrap_or_default();
        if *mark == "`" {
            put(Some(inside), with(style, mark), spans);
        } else {
            styled(inside, with(style, mark), depth - 1, spans);
        }
        at = end + mark.len();
        plain = at;
    }
    put(text.get(plain..), style, spans);
}

fn put<'a>(text: Option<&'a str>, style: Style, spans: &mut Vec<Span<'a>>) {
    spans.extend(text.filter(|text| !text.is_empty()).map(|text| Span { text, style }));
}

/// Whether a mark opens a style there: a character follows directly, and the mark is not within a word.
fn opens(text: &str, at: usize, mark: &str) -> bool {
    let Some(rest) = text.get(at..).and_then(|rest| rest.strip_prefix(mark)) else { return false };
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    // A longer run of the same character is no mark.
    let same = |c: char| mark.starts_with(c);
    let within = before.is_some_and(|c| c.is_alphanumeric() || same(c));
    rest.chars().next().is_some_and(|next| !next.is_whitespace() && !same(next)) && !within
}

/// The position of the mark that closes the style.
fn end_of(text: &str, at: usize, mark: &str) -> Option<usize> {
    let from = at + mark.len();
    let mut ends = text.get(from..)?.match_indices(mark).map(|(place, _)| from + place);
    ends.find(|end| {
        let inside = text.get(from..*end).unwrap_or_default();
        let after = text.get(end + mark.len()..).and_then(|after| after.chars().next());
        let last = inside.chars().next_back();
        let ends = last.is_some_and(|last| !last.is_whitespace());
        let doubled = mark == "*" && (after == Some('*') || last == Some('*'));
        ends && !doubled && (mark == "`" || after.is_none_or(|after| !after.is_alphanumeric()))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        let one = |Span { text, style }: Span<'_>| {
            let mut of = String::new();
            for (is, mark) in [(style.bold, 'b'), (style.italic, 'i'), (style.struck, 's'), (style.code, 'c')]
            {
                if is {
                    of.push(mark);
                }
            }
            if of.is_empty() { text.to_owned() } else { format!("<{of}:{text}>") }
        };
        spans(text).into_iter().map(one).collect()
    }

    #[test]
    fn marks_style_what_they_stand_around() {
        for (text, is) in [
            ("plain", "plain"),
            ("a **bold** word", "a <b:bold> word"),
            ("*so* and _so_", "<i:so> and <i:so>"),
            ("~~no~~ `code **as it is**`", "<s:no> <c:code **as it is**>"),
            ("**bold and *both* of it**", "<b:bold and ><bi:both><b: of it>"),
            ("***x***", "***x***"),
        ] {
            assert_eq!(shown(text), is);
        }
    }

    #[test]
    fn what_is_no_markup_stays_as_it_was_written() {
        for text in [
            "2 * 3 * 4",
            "snake_case_name",
            "a*b*c",
            "** no **",
            "**",
            "****",
            "* ",
            "`",
            "_ _",
            "5 ** 2 ** 1",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn lines_are_blocks() {
        let text =
            "Hello\nyou\n> quoted\n>more\n- one\n- two\n1. first\n2. second\n```rust\nlet *x* = 1;\n```\nend";
        let all = blocks(text);
        assert_eq!(
            all,
            [
                Block::Text("Hello\nyou"),
                Block::Quote(vec!["quoted", "more"]),
                Block::List(None, vec!["one", "two"]),
                Block::List(Some(1), vec!["first", "second"]),
                Block::Code("let *x* = 1;"),
                Block::Text("end"),
            ]
        );
        assert_eq!(blocks("```\nopen"), [Block::Text("```\nopen")]);
        assert_eq!(blocks("```\n```"), [Block::Code("")]);
        assert!(
            !may_have("Hello, how are you?") && may_have("> so") && may_have("a *b*") && may_have("1. x")
        );
    }

    proptest! {
        #[test]
        fn nothing_is_lost_but_marks(text in "[a `*_~>\\-1.\n\u{e9}]{0,60}") {
            let kept = |text: &str| text.chars().filter(|c| c.is_alphanumeric() && !c.is_ascii_digit()).collect::<String>();
            let mut all = String::new();
            for block in blocks(&text) {
                match block {
                    Block::Text(text) | Block::Code(text) => all.push_str(text),
                    Block::Quote(lines) | Block::List(_, lines) => all.push_str(&lines.concat()),
                }
            }
            // The word after an opening fence names a language.
            prop_assume!(!text.contains("```"));
            prop_assert_eq!(kept(&all), kept(&text));
            let styled: String = spans(&text).iter().map(|span| span.text).collect();
            prop_assert_eq!(kept(&styled), kept(&text));
        }
    }

    /// However the marks stand, parsing takes no longer than a few passes over the text.
    #[test]
    fn p9_a_text_of_nothing_but_marks_is_read_at_once() {
        let begin = std::time::Instant::now();
        for text in ["*", "**a", "_a ", "`", "~~a", "*a **b ", "**a** "] {
            let text = text.repeat(64 * 1024 / text.len());
            assert!(!spans(&text).is_empty());
        }
        assert!(begin.elapsed().as_secs() < 5);
    }
}
