//! The invite links of a group, for its admins: lists, makes and revokes them.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{Command, InviteLinkView, LinkTerms, Role};

use super::panel::{Panel, section};
use crate::model::hex;
use crate::model::time::LocalTime;
use crate::platform::{clock, page};
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, parts};
use crate::ui::screens::welcome::invite;
use crate::ui::words;

/// The id of the button that opens the choices of a new link.
const CREATE: &str = "create-link";
/// The ids of the two choices.
const LASTS: &str = "link-lasts";
const MOST: &str = "link-most";

const DAY: u64 = 24 * 3600 * 1000;

/// The id of a link.
type LinkId = [u8; 16];

/// The form below the links; only one is open at a time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opened {
    Code(LinkId),
    Question(LinkId),
    New,
}

#[derive(Clone, Copy)]
struct Links {
    panel: Panel,
    opened: RwSignal<Option<Opened>>,
}

/// The section of the panel; empty for plain members.
pub(super) fn links(panel: Panel) -> AnyView {
    let governs = Memo::new(move || panel.role() >= Role::Admin);
    let links = Links { panel, opened: RwSignal::new(None) };
    tell_when_made(panel);
    parts::maybe(move || {
        governs.get().then(|| section("Invite links", vec![links.about(), links.list(), links.creation()]))
    })
}

/// Announces that a requested link can be copied.
fn tell_when_made(panel: Panel) {
    let made =
        Memo::new(move || panel.with(|view| view.links.iter().filter(|it| it.own && !it.making).count()));
    let making = Memo::new(move || panel.with(|view| view.links.iter().any(|it| it.making)));
    Effect::new(move |before: Option<(usize, bool)>| {
        let now = (made.get(), making.get());
        if before.is_some_and(|(count, making)| making && now.0 > count) {
            panel.app.announce(words::LINK_MADE);
        }
        now
    });
}

impl Links {
    /// Who can come by the links.
    fn about(self) -> AnyView {
        let ask = Memo::new(move || {
            self.panel.with(|view| !view.links.is_empty() && view.links.iter().all(|link| link.approval))
        });
        let said = parts::live(move || if ask.get() { words::LINKS_THAT_ASK } else { words::LINKS });
        html::p().class("quiet").child(said).into_any()
    }

    fn list(self) -> AnyView {
        let ids = Memo::new(move || {
            self.panel.with(|view| view.links.iter().map(|link| link.id).collect::<Vec<_>>())
        });
        parts::maybe(move || {
            let ids = ids.get();
            (!ids.is_empty()).then(|| {
                let rows: Vec<AnyView> = ids.into_iter().map(|id| self.row(id)).collect();
                html::ul()
                    .class("group-links")
                    .attr("role", "list")
                    .attr("aria-label", "Invite links")
                    .child(rows)
                    .into_any()
            })
        })
    }

    fn row(self, id: LinkId) -> AnyView {
        let link =
            Memo::new(move || self.panel.with(|view| view.links.iter().find(|link| link.id == id).cloned()));
        let row = move || link.get().map(|link| self.link(&link));
        html::li().class("group-link").child(parts::maybe(row)).into_any()
    }

    fn link(self, link: &InviteLinkView) -> AnyView {
        let id = link.id;
        let about = html::p().class("quiet").attr("id", about_id(id)).child(about(link));
        let mut inside = vec![
            html::strong().attr("dir", "auto").child(words::link_by(&link.by, link.own)).into_any(),
            about.into_any(),
        ];
        let revoke = html::button()
            .class("button button-quiet")
            .attr("id", revoke_id(id))
            .attr("type", "button")
            .attr("aria-describedby", about_id(id))
            .on(ev::click, move |_| self.opened.set(Some(Opened::Question(id))))
            .child("Revoke…")
            .into_any();
        match link.fragment.clone().filter(|_| !link.making) {
            Some(fragment) => {
                let address = format!("{}/#{fragment}", page::origin());
                let shown = address.clone();
                let code = move || {
                    let code = || invite::code(self.panel.app, shown.clone(), "Group link QR code");
                    (self.opened.get() == Some(Opened::Code(id))).then(code)
                };
                let shown_link = html::p().class("invite-link").attr("dir", "ltr").child(address.clone());
                let buttons = vec![invite::copy(address, "Copy link"), self.code_button(id), revoke];
                inside.extend([
                    shown_link.into_any(),
                    parts::stack("member-options", buttons),
                    parts::maybe(code),
                ]);
            }
            None if link.own => inside.push(parts::stack("member-options", vec![revoke])),
            None => {
                inside.push(parts::text("quiet", words::link_is_with(&link.by)));
                inside.push(parts::stack("member-options", vec![revoke]));
            }
        }
        inside.push(parts::maybe(move || {
            (self.opened.get() == Some(Opened::Question(id))).then(|| self.question(id))
        }));
        parts::several(inside)
    }

    fn code_button(self, id: LinkId) -> AnyView {
        let open = Memo::new(move || self.opened.get() == Some(Opened::Code(id)));
        let turn = move || {
            let code = Some(Opened::Code(id));
            self.opened.update(|opened| *opened = if *opened == code { None } else { code });
        };
        let name = parts::live(move || if open.get() { "Hide QR code" } else { "Show QR code" });
        parts::button_around(name, "button button-quiet", turn)
    }

    fn question(self, id: LinkId) -> AnyView {
        let revoke = move || {
            self.opened.set(None);
            self.panel.change(Command::RevokeGroupLink { conversation: self.panel.id, link: id });
            request_animation_frame(|| page::focus(CREATE));
        };
        parts::confirm(parts::alert("", words::REVOKE), "Revoke link", revoke, move || {
            self.opened.set(None);
            request_animation_frame(move || page::focus(&revoke_id(id)));
        })
    }

    /// The button, or the choices of a new link.
    fn creation(self) -> AnyView {
        let open = Memo::new(move || self.opened.get() == Some(Opened::New));
        parts::dynamic(move || {
            if open.get() {
                return self.choices();
            }
            html::button()
                .class("button button-quiet")
                .attr("id", CREATE)
                .attr("type", "button")
                .on(ev::click, move |_| {
                    self.opened.set(Some(Opened::New));
                    request_animation_frame(|| page::focus(LASTS));
                })
                .child("Create invite link")
                .into_any()
        })
    }

    fn choices(self) -> AnyView {
        let (lasts, most, approval) = (RwSignal::new(1), RwSignal::new(0), RwSignal::new(false));
        let end = move || {
            self.opened.set(None);
            request_animation_frame(|| page::focus(CREATE));
        };
        let create = move || {
            let days = words::LASTS.get(lasts.get_untracked()).map_or(7, |(_, days)| *days);
            let most = words::MOST.get(most.get_untracked()).map_or(0, |(_, most)| *most);
            let approval = approval.get_untracked();
            let terms = LinkTerms { approval, most, lasts: Some(days.saturating_mul(DAY)) };
            self.panel.change(Command::MakeGroupLink { conversation: self.panel.id, terms });
            end();
        };
        let buttons =
            vec![parts::primary("Create link"), parts::button("Cancel", "button button-quiet", end)];
        parts::form(
            create,
            vec![
                choice(LASTS, "Link works for", words::LASTS.map(|(name, _)| name), lasts),
                html::label()
                    .class("check")
                    .child((parts::checkbox(approval), html::span().child(words::APPROVE)))
                    .into_any(),
                // Where admins let people in, they count them.
                parts::maybe(move || {
                    let names = words::MOST.map(|(name, _)| name);
                    (!approval.get()).then(|| choice(MOST, "How many can join", names, most))
                }),
                parts::stack("actions", buttons),
            ],
        )
    }
}

/// A choice, by its index among the names.
fn choice(
    id: &'static str,
    label: &'static str,
    names: [&'static str; 4],
    chosen: RwSignal<usize>,
) -> AnyView {
    let set = move |event| {
        let value = event_target_value(&event);
        if let Some(place) = names.iter().position(|name| *name == value) {
            chosen.set(place);
        }
    };
    let first = chosen.get_untracked();
    let options = names.iter().enumerate().map(|(place, name)| {
        let option = html::option().attr("value", *name).child(*name);
        if place == first { option.attr("selected", "") } else { option }.into_any()
    });
    let select = html::select().attr("id", id).on(ev::change, set).child(options.collect::<Vec<_>>());
    let inside = vec![html::label().attr("for", id).child(label).into_any(), select.into_any()];
    parts::stack("setting-line", inside)
}

/// How many people joined by the link, and how long it is valid.
fn about(link: &InviteLinkView) -> String {
    if link.making {
        return words::MAKING_LINK.to_owned();
    }
    let until = link.expires.map(|until| {
        let local = LocalTime::new(until, clock::minutes_east(until));
        words::works_until(&format!("{}, {}", local.date(), local.clock()))
    });
    let approval = link.approval.then(|| words::WITH_APPROVAL.to_owned());
    let joined = (!link.approval).then(|| words::joined(link.came, link.most));
    [joined, approval, until].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// The id of the text that distinguishes a link from others of the same person.
fn about_id(link: LinkId) -> String {
    format!("link-{}", hex::encode(&link))
}

fn revoke_id(link: LinkId) -> String {
    format!("revoke-{}", hex::encode(&link))
}
