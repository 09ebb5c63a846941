//! Markdown to harmless HTML: tables, task lists, strikethrough and bare links; no scripts, no raw HTML.

/// Deepest nesting of quotes and lists that is rendered; deeper text is shown as plain text.
const DEEPEST: usize = 60;

/// Renders Markdown for a page. Links open with `rel="noopener noreferrer nofollow"`; images are not loaded.
pub fn to_html(source: &str) -> String {
    if deepest(source) > DEEPEST {
        return format!("<pre>{}</pre>", ammonia::clean_text(source));
    }
    let mut options = comrak::Options::default();
    options.extension.table = true;
    options.extension.tasklist = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    options.render.escape = true;
    let html = comrak::markdown_to_html(source, &options);
    let mut cleaner = ammonia::Builder::default();
    cleaner.rm_tags(["img"]).add_tags(["input"]).add_tag_attributes("input", ["type", "checked", "disabled"]);
    cleaner.link_rel(Some("noopener noreferrer nofollow"));
    cleaner.clean(&html).to_string()
}

fn deepest(source: &str) -> usize {
    let marks =
        |line: &str| line.chars().take_while(|c| " \t>*-+".contains(*c)).filter(|c| *c != ' ').count();
    source.lines().map(marks).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::to_html;

    #[test]
    fn scripts_and_handlers_do_not_come_through() {
        let html = to_html(
            "Hi <script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1)) **b**",
        );
        assert!(html.contains("<strong>b</strong>"), "{html}");
        assert!(
            !html.contains("<script") && !html.contains("<img") && !html.contains("href=\"javascript"),
            "{html}"
        );
    }

    #[test]
    fn tables_and_tasks_are_kept() {
        let html = to_html("| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] done\n");
        assert!(
            html.contains("<table>") && html.contains("<td>1</td>") && html.contains("checked"),
            "{html}"
        );
    }

    #[test]
    fn hostile_nesting_is_shown_as_text() {
        let html = to_html(&">".repeat(50_000));
        assert!(html.starts_with("<pre>"));
    }
}
