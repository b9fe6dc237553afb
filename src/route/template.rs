//! Path templates that an SLI set declares, such as `/product/{slug}`.
//!
//! In: their text. Out: whether a path is one of theirs.

use std::sync::Arc;

/// A declared path template, split into segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTemplate {
    text: Arc<str>,
    segments: Vec<TemplateSegment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum TemplateSegment {
    Literal(String),
    Anything,
}

impl RouteTemplate {
    /// The template `text`, e.g. `/product/{id}`; each `{…}` matches exactly one segment. A slash
    /// at the end means nothing, in templates as in paths.
    ///
    /// # Errors
    /// A sentence fragment saying what is wrong when it does not begin with `/`, has a query, or
    /// has braces that are not a whole segment.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(path) = text.strip_prefix('/') else {
            return Err(format!("route `{text}` does not begin with `/`"));
        };
        if text.contains(['?', '#', ' ']) {
            return Err(format!("route `{text}` must be a path with no query"));
        }
        let segments = without_last_slash(path)
            .split('/')
            .map(|segment| match segment {
                _ if segment.starts_with('{') && segment.ends_with('}') => {
                    Ok(TemplateSegment::Anything)
                }
                _ if segment.contains(['{', '}']) => Err(format!(
                    "route `{text}` has braces inside a segment (hint: `{{name}}` stands for one whole segment)"
                )),
                _ => Ok(TemplateSegment::Literal(segment.to_owned())),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            text: text.into(),
            segments,
        })
    }

    /// The template as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether one of the segments is a number.
    pub(super) fn has_number(&self) -> bool {
        self.segments.iter().any(|segment| match segment {
            TemplateSegment::Literal(text) => {
                !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
            }
            TemplateSegment::Anything => false,
        })
    }

    /// Whether `path` is one of the template's.
    pub(super) fn matches(&self, path: &str) -> bool {
        let mut segments = without_last_slash(path.trim_start_matches('/')).split('/');
        self.segments
            .iter()
            .all(|wanted| match (wanted, segments.next()) {
                (TemplateSegment::Literal(literal), Some(segment)) => literal == segment,
                (TemplateSegment::Anything, Some(segment)) => !segment.is_empty(),
                (_, None) => false,
            })
            && segments.next().is_none()
    }
}

fn without_last_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_that_cannot_match_a_path_are_refused_with_the_reason() {
        for (text, reason) in [
            ("product", "does not begin with `/`"),
            ("/search?q=x", "no query"),
            ("/product/p{id}", "braces inside a segment"),
        ] {
            let message = RouteTemplate::parse(text).unwrap_err();
            assert!(message.contains(reason), "{message}");
        }
    }

    #[test]
    fn a_template_matches_whole_paths_with_and_without_a_last_slash() {
        for (template, path, is_match) in [
            ("/", "/", true),
            ("/cart", "/cart/", true),
            ("/cart/", "/cart", true),
            ("/cart", "/cart/17", false),
            ("/product/{slug}", "/product/red-shoe", true),
            ("/product/{slug}", "/product/red-shoe/", true),
            ("/product/{slug}", "/product/", false),
            ("/product/{slug}", "/product", false),
            ("/product/{slug}", "/product/red-shoe/reviews", false),
            ("/{page}", "/", false),
        ] {
            let found = RouteTemplate::parse(template).unwrap().matches(path);
            assert_eq!(found, is_match, "{template} {path}");
        }
    }
}
