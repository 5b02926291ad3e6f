//! What a person types to us and not to the node: a tilde at the beginning of a line, as with ssh and ipmitool.

/// The escapes, for people at a raw terminal.
pub(super) const HELP: &str =
    "\r\n~.  leave the console\r\n~B  send a break\r\n~~  type a tilde\r\n~?  this help\r\n";

/// Finds escapes in what is typed.
#[derive(Debug, Default)]
pub(super) struct Escape {
    place: Place,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    LineBegin,
    AfterTilde,
    Inside,
}

/// What a person wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// To type.
    Characters(Vec<u8>),
    /// To send a break.
    Break,
    /// To know what there is.
    Help,
    /// To leave.
    Leave,
}

impl Escape {
    /// Takes what was typed.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<Typed> {
        let mut wishes = Vec::new();
        let mut characters = Vec::new();
        for byte in bytes {
            let wish = match (self.place, byte) {
                (Place::LineBegin, b'~') => {
                    self.place = Place::AfterTilde;
                    continue;
                }
                (Place::AfterTilde, b'.') => Some(Typed::Leave),
                (Place::AfterTilde, b'B') => Some(Typed::Break),
                (Place::AfterTilde, b'?') => Some(Typed::Help),
                (Place::AfterTilde, b'~') => {
                    characters.push(b'~');
                    self.place = Place::Inside;
                    continue;
                }
                (Place::AfterTilde, _) => {
                    // It was meant for the node after all.
                    characters.push(b'~');
                    None
                }
                (Place::LineBegin | Place::Inside, _) => None,
            };
            if let Some(wish) = wish {
                if !characters.is_empty() {
                    wishes.push(Typed::Characters(std::mem::take(&mut characters)));
                }
                wishes.push(wish);
                self.place = Place::LineBegin;
                continue;
            }
            characters.push(*byte);
            self.place = if matches!(byte, b'\r' | b'\n') { Place::LineBegin } else { Place::Inside };
        }
        if !characters.is_empty() {
            wishes.push(Typed::Characters(characters));
        }
        wishes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn characters(text: &str) -> Typed {
        Typed::Characters(text.as_bytes().to_vec())
    }

    #[test]
    fn tilde_escapes_at_the_beginning_of_a_line_only() {
        let mut escape = Escape::default();
        assert_eq!(escape.take(b"ls ~.\r"), [characters("ls ~.\r")]);
        assert_eq!(escape.take(b"~."), [Typed::Leave]);
        assert_eq!(Escape::default().take(b"~B~?x"), [Typed::Break, Typed::Help, characters("x")]);
        assert_eq!(Escape::default().take(b"a\r~."), [characters("a\r"), Typed::Leave]);
    }

    #[test]
    fn escape_may_come_in_pieces() {
        let mut escape = Escape::default();
        assert_eq!(escape.take(b"~"), []);
        assert_eq!(escape.take(b"."), [Typed::Leave]);
    }

    #[test]
    fn two_tildes_are_one_and_any_other_key_follows_its_tilde() {
        assert_eq!(Escape::default().take(b"~~."), [characters("~.")]);
        assert_eq!(Escape::default().take(b"~/bin\r"), [characters("~/bin\r")]);
        assert_eq!(Escape::default().take(b"~\r~."), [characters("~\r"), Typed::Leave]);
    }
}
