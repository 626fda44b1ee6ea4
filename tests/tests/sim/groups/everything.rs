//! Groups have what chats of two have: drafts, deletion for oneself, read positions on several devices, backup, files,
//! recovery.

use parley_engine::view::{Command, GroupStanding, MessageView, Reply, Role, Share};

use super::*;
use crate::devices::link_with;
use crate::files::{give, restore_command, save};
use crate::recovery::{back_up, recover, write_down};

fn texts(world: &mut World, index: DeviceIndex, group: ConversationId) -> Vec<String> {
    shown(world, index, group)
        .into_iter()
        .filter(|line| line.contains(": ") || line.starts_with('>'))
        .collect()
}

fn find_text(world: &mut World, index: DeviceIndex, group: ConversationId, text: &str) -> MessageView {
    let is_it = |message: &MessageView| message.body == BodyView::Text(text.to_owned());
    world.history(index, group).into_iter().find(is_it).unwrap()
}

#[test]
fn what_is_read_drafted_and_deleted_on_one_device_is_so_on_the_others() {
    let (mut world, people) = friends(2_050, &["Ada", "Bob", "Carol"]);
    let [ada, bob, carol] = people[..] else { unreachable!() };
    let phone = link_with(&mut world, ada, Share::All);
    settle(&mut world);
    let group = create(&mut world, ada, "Team", &[bob, carol]);
    for (index, text) in [(bob, "one"), (carol, "two"), (bob, "three")] {
        world.send(index, group, text);
        settle(&mut world);
    }
    assert_eq!(world.devices[phone].conversations[&group].unread, 3);
    let upto = world.history(ada, group).last().unwrap().order;
    done(&mut world, ada, Command::MarkRead { conversation: group, upto });
    assert_eq!(world.devices[phone].conversations[&group].unread, 0);
    done(&mut world, ada, Command::SetDraftsInStep(true));
    let draft = Command::SetDraft { conversation: group, text: "to be".into(), over: String::new() };
    done(&mut world, phone, draft);
    assert_eq!(world.draft(ada, group), "to be");
    let MessageView { id: message, order, .. } = find_text(&mut world, phone, group, "two");
    done(&mut world, phone, Command::DeleteMessage { conversation: group, message, order });
    for index in [ada, phone] {
        assert_eq!(texts(&mut world, index, group), ["Bob: one", "Bob: three"]);
    }
    assert_eq!(texts(&mut world, bob, group), [">one", "Carol: two", ">three"], "others keep it");
    done(&mut world, ada, Command::DeleteChat(group));
    for index in [ada, phone] {
        assert_eq!(shown(&mut world, index, group), Vec::<String>::new());
    }
    world.send(bob, group, "four");
    settle(&mut world);
    for index in [ada, phone] {
        assert_eq!(texts(&mut world, index, group), ["Bob: four"]);
        assert!(world.devices[index].conversations[&group].listed);
    }
}

#[test]
fn p5_groups_come_back_by_the_phrase_with_their_history_and_the_device_is_let_in() {
    let (mut world, people) = friends(2_051, &["Ada", "Bob", "Carol"]);
    let [ada, bob, carol] = people[..] else { unreachable!() };
    let group = create(&mut world, ada, "Team", &[bob, carol]);
    for (index, text) in [(ada, "one"), (bob, "two")] {
        world.send(index, group, text);
        settle(&mut world);
    }
    let phrase = write_down(&mut world, ada, Command::ShowPhrase);
    back_up(&mut world, ada);
    world.disconnect(ada);
    let new = recover(&mut world, &phrase, true);
    settle(&mut world);
    settle(&mut world);
    assert_eq!(world.devices[new].conversations[&group].name, "Team");
    assert_eq!(texts(&mut world, new, group), [">one", "Bob: two"]);
    assert_eq!(standing(&world, new, group), GroupStanding::Member);
    assert_eq!(members(&mut world, bob, group)[0], ("Ada".into(), Role::Owner, 1));
    world.send(new, group, "here again");
    settle(&mut world);
    assert_eq!(texts(&mut world, carol, group).last().unwrap(), "Ada: here again");
    world.send(carol, group, "welcome back");
    settle(&mut world);
    assert_eq!(texts(&mut world, new, group).last().unwrap(), "Carol: welcome back");
}

#[test]
fn p5_a_backup_file_brings_the_history_of_groups_back() {
    let (mut world, people) = friends(2_052, &["Ada", "Bob"]);
    let [ada, bob] = people[..] else { unreachable!() };
    let group = create(&mut world, ada, "Team", &[bob]);
    for (index, text) in [(ada, "one"), (bob, "two")] {
        world.send(index, group, text);
        settle(&mut world);
    }
    let phrase = write_down(&mut world, ada, Command::ShowPhrase);
    let saved = save(&mut world, ada);
    done(&mut world, ada, Command::SetBackup(false));
    world.disconnect(ada);
    let new = recover(&mut world, &phrase, true);
    settle(&mut world);
    assert_eq!(world.ask(new, restore_command(&phrase)), Reply::Done);
    let report = give(&mut world, new, &saved.bytes).unwrap();
    assert!(report.is_whole(), "{report:?}");
    settle(&mut world);
    settle(&mut world);
    assert_eq!(texts(&mut world, new, group), [">one", "Bob: two"]);
    world.send(new, group, "here again");
    settle(&mut world);
    assert_eq!(texts(&mut world, bob, group).last().unwrap(), "Ada: here again");
}

#[test]
fn a_picture_reaches_all_and_those_who_come_later() {
    let (mut world, people) = friends(2_053, &["Ada", "Bob", "Carol"]);
    let [ada, bob, carol] = people[..] else { unreachable!() };
    let group = create(&mut world, ada, "Team", &[bob]);
    let picture = [b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 4_000]].concat();
    let set = |picture| Command::SetGroupPicture { conversation: group, picture };
    let no_picture = set(Some(b"<svg onload=alert(1)>".to_vec()));
    assert_eq!(world.ask(ada, no_picture), Reply::Failed(parley_engine::view::CommandError::Picture));
    done(&mut world, ada, set(Some(picture.clone())));
    let people = vec![account(&world, carol)];
    done(&mut world, ada, Command::AddToGroup { conversation: group, people });
    for index in [ada, bob, carol] {
        assert_eq!(view(&mut world, index, group).picture.as_ref(), Some(&picture));
        assert!(world.devices[index].conversations[&group].group.as_ref().unwrap().picture.is_some());
    }
    done(&mut world, ada, set(None));
    for index in [ada, bob, carol] {
        assert_eq!(view(&mut world, index, group).picture, None);
    }
}
