//! Writing HTML so that text can never become markup: markup is literals only.

use crate::plain::plain;

/// A page, or a part of one.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup. Nothing that came from outside has the lifetime of the program.
    pub(super) fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text, escaped for element content and for quoted attributes (HTML 13.1.2, 13.3).
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for c in plain(text).chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
        self
    }

    /// A number.
    pub(super) fn number(&mut self, number: usize) -> &mut Self {
        self.0.push_str(&number.to_string());
        self
    }

    /// An element of literals around text.
    pub(super) fn element(
        &mut self,
        open: &'static str,
        text: &str,
        close: &'static str,
    ) -> &mut Self {
        self.markup(open).text(text).markup(close)
    }

    /// The HTML.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        let mut html = Html::default();
        html.markup("<p title=\"").text("\" onload='x'").markup("\">");
        html.text("</p><script>&amp;\u{202e}\0").markup("</p>");
        assert_eq!(
            html.finish(),
            "<p title=\"&quot; onload=&#39;x&#39;\">\
             &lt;/p&gt;&lt;script&gt;&amp;amp;\\u{202e}\\u{0}</p>"
        );
    }
}
