//! The report as one page: the chain of trust from the artifact to the root, each check with its
//! evidence.
//!
//! The page stands alone. It has no script, asks for nothing (its content security policy allows
//! its own style sheet, by hash, and no address), and is read without colour and on paper as well.

mod article;
mod markup;
mod parts;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::encoding::base64_encode;
use chainsign_policy::verdict::Report;

use self::article::{Article, Place};
use self::markup::Html;
use self::parts::{badge, fault, policy};
use super::view::{Run, Tally, Target};

/// The whole page.
pub fn page(run: &Run<'_>) -> String {
    let mut html = Html::default();
    html.markup(HEAD);
    html.text(&base64_encode(ArtifactDigest::sha256(STYLE.as_bytes()).bytes()));
    html.markup(HEAD_REST).markup("<title>").text(&title(run)).markup("</title>\n<style>");
    html.markup(STYLE).markup("</style>\n</head>\n<body>\n");
    header(&mut html, run);
    html.markup("<main>\n");
    if let Err(failure) = &run.decided {
        html.markup("<section class=\"card fault\"><h2>Nothing was decided</h2>\n");
        fault(&mut html, failure);
        html.markup("</section>\n");
    }
    let targets: Vec<_> = run.targets().collect();
    if targets.len() > 1 {
        overview(&mut html, &targets);
    }
    for (index, target) in targets.iter().enumerate() {
        let place = if targets.len() == 1 { Place::Alone } else { Place::Among };
        let policy = target.report().filter(|_| of_all(&targets).is_none());
        Article { html: &mut html, number: index + 1, target, place, policy }.write();
    }
    html.markup("</main>\n").markup(FOOT).text(env!("CARGO_PKG_VERSION")).markup(FOOT_REST);
    html.finish()
}

fn title(run: &Run<'_>) -> String {
    let what = match run.targets().next() {
        Some(target) if run.targets().len() == 1 => target.name(),
        _ => run.headline(),
    };
    format!("{}: {what}", run.word().as_str())
}

fn header(html: &mut Html, run: &Run<'_>) {
    html.markup("<header class=\"top ").markup(run.word().as_str()).markup("\">\n");
    html.markup("<p class=\"brand\">chainsign <span>verification report</span></p>\n<h1>");
    match run.targets().next() {
        Some(target) if run.targets().len() == 1 => {
            html.text(&target.name());
        }
        _ => {
            html.text(&run.headline());
        }
    }
    html.markup("</h1>\n<p class=\"verdict\">");
    badge(html, run.word());
    html.markup(" <span>").markup(run.meaning()).markup("</span></p>\n");
    for sentence in run.weakened.sentences() {
        html.element("<p class=\"danger\">", &sentence, "</p>\n");
    }
    facts(html, run);
    html.markup("</header>\n");
}

/// What was decided on, by which policy, for which time.
fn facts(html: &mut Html, run: &Run<'_>) {
    let targets: Vec<_> = run.targets().collect();
    let shared = of_all(&targets);
    if targets.len() != 1 && shared.is_none() {
        return;
    }
    html.markup("<dl class=\"facts\">\n");
    if let [target] = targets.as_slice() {
        for digest in target.digests() {
            html.markup("<div class=\"wide\"><dt>Artifact</dt><dd class=\"digest\">");
            html.text(&digest).markup("</dd></div>\n");
        }
    }
    if let Some(report) = shared {
        policy(html, report);
    }
    html.markup("</dl>\n");
}

/// The policy and the time, where they are the same for all targets.
fn of_all<'a>(targets: &[Target<'a>]) -> Option<&'a Report> {
    let mut reports = targets.iter().filter_map(Target::report);
    let first = reports.next()?;
    let same = |it: &Report| it.policy == first.policy && it.evaluated_at == first.evaluated_at;
    reports.all(same).then_some(first)
}

/// Several targets: one line each, the way in.
fn overview(html: &mut Html, targets: &[Target<'_>]) {
    html.markup("<section class=\"card\" aria-labelledby=\"targets\">\n");
    html.markup("<h2 id=\"targets\">Targets</h2>\n<div class=\"scroll\"><table>\n<thead><tr>");
    html.markup("<th scope=\"col\">Decision</th><th scope=\"col\">Target</th>");
    html.markup("<th scope=\"col\">Rules</th></tr></thead>\n<tbody>\n");
    for (index, target) in targets.iter().enumerate() {
        html.markup("<tr><td>");
        badge(html, target.word());
        html.markup("</td><th scope=\"row\"><a href=\"#t").number(index + 1).markup("\">");
        html.text(&target.name()).markup("</a></th><td>");
        match target.report() {
            Some(report) => html.text(&Tally::of(report).words()),
            None => html.markup(target.meaning()),
        };
        html.markup("</td></tr>\n");
    }
    html.markup("</tbody>\n</table></div>\n</section>\n");
}

const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
    <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
    base-uri 'none'; form-action 'none'; img-src data:; style-src 'sha256-";
const HEAD_REST: &str = "'\">\n\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
    <meta name=\"color-scheme\" content=\"light dark\">\n\
    <meta name=\"referrer\" content=\"no-referrer\">\n\
    <meta name=\"robots\" content=\"noindex\">\n\
    <link rel=\"icon\" href=\"data:,\">\n";
const FOOT: &str = "<footer><p>Made by chainsign ";
const FOOT_REST: &str = ". This page says what was decided; it is no proof by itself. \
    To be sure, verify the artifact again: <code>chainsign verify</code>.</p></footer>\n\
    </body>\n</html>\n";
const STYLE: &str = include_str!("style.css");
