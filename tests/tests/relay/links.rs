//! Invite links of groups: a client with a link joins the group's log while nobody is online; no other client can.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use parley_protocol::bounded::List;
use parley_protocol::capability::Capability;
use parley_protocol::frame::{
    Answer, AppendCommit, AppendLinkedCommit, CreateLinkedLog, CreateLog, EntryKind, JoinByLink, LinkOffer,
    LinkSlots, ReadLog, RelayError, Request, Subscribed,
};
use parley_protocol::ids::{AppendId, Epoch, LogId, Seq, UnixMillis};
use parley_tests::relay_client::{
    RelayClient, bytes, capability, commit, commit_within, join, link_slots, linked_commit, new_log, only,
    reading, wrap,
};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;

const UNKNOWN: RelayError = RelayError::UnknownLink;

/// Another address of this machine.
fn elsewhere(number: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 8, number).into()
}

/// A log in epoch 0, its append capability, and a link into it.
struct Linked {
    relay: RelayProcess,
    member: RelayClient,
    log: LogId,
    first: Capability,
    link: Capability,
}

impl Linked {
    async fn start(flags: &[&str]) -> Self {
        let relay = RelayProcess::start(flags);
        let mut member = RelayClient::connect(relay.address()).await;
        let (log, first, link) = (LogId(unique()), capability(), capability());
        let creation = CreateLog { group_info: Some(bytes(b"package")), ..new_log(log, Epoch(0), &first) };
        let request = CreateLinkedLog { creation, links: link_slots(&[(&link, None)]) };
        assert_eq!(member.call(Request::CreateLinkedLog(request)).await, Ok(Answer::Done));
        Self { relay, member, log, first, link }
    }

    async fn client(&self) -> RelayClient {
        RelayClient::connect(self.relay.address()).await
    }

    fn offer(&self) -> Vec<LinkOffer> {
        vec![LinkOffer { log: self.log, wrap: wrap(&self.link) }]
    }
}

async fn info(client: &mut RelayClient, log: LogId, era: &Capability) -> Result<Answer, RelayError> {
    client.call(Request::FetchGroupInfo { log, capability: reading(era) }).await
}

#[tokio::test]
async fn who_has_a_link_comes_in_with_every_member_offline_and_they_read_it_later() {
    let mut linked = Linked::start(&[]).await;
    linked.member.append(linked.log, Epoch(0), &linked.first, b"before").await.unwrap();
    let mut newcomer = linked.client().await;
    assert_eq!(newcomer.open_link(&linked.link).await, Ok(linked.offer()));
    let package = Ok(Answer::GroupInfo { epoch: Epoch(0), sealed: Some(bytes(b"package")) });
    assert_eq!(info(&mut newcomer, linked.log, &linked.first).await, package);
    let next = capability();
    let joins = join(linked.log, Epoch(0), &linked.link, &next);
    let landed = only(newcomer.call(Request::JoinByLink(joins.clone())).await).unwrap();
    assert_eq!(landed.seq, Seq(2));
    newcomer.append(linked.log, Epoch(1), &next, b"hello").await.unwrap();
    // A member reads across the join in the subscription of its group era, and sees which link was used.
    let state = linked.member.subscribe(linked.log, &linked.first, Seq(1)).await.unwrap();
    assert_eq!(state, Subscribed { head: Seq(3), epoch: Epoch(0) });
    let entries = linked.member.log_entries(linked.log, 2).await;
    assert_eq!(
        (entries[0].kind, entries[0].epoch, entries[0].append),
        (EntryKind::Commit, Epoch(0), joins.append)
    );
    assert_eq!(entries[0].append.0[..8], linked.link.hash().0[..8]);
    assert_eq!((entries[1].epoch, &*entries[1].payload), (Epoch(1), &b"hello"[..]));
    // The next joiner comes after them, gets pushes, and finds the same GroupInfo.
    let package = Ok(Answer::GroupInfo { epoch: Epoch(1), sealed: Some(bytes(b"package")) });
    assert_eq!(info(&mut newcomer, linked.log, &linked.first).await, package);
    let stored = linked.client().await.join(linked.log, Epoch(1), &linked.link, &capability()).await.unwrap();
    assert_eq!(linked.member.log_entries(linked.log, 1).await[0].seq, stored.seq);
}

#[tokio::test]
async fn p9_a_stranger_without_the_capability_of_a_link_joins_nothing() {
    let mut linked = Linked::start(&[]).await;
    let mut stranger = linked.client().await;
    // A guess, the append and reading capabilities, and the hash of the link, which the relay's disk has.
    let hash = Capability::new(linked.link.hash().0);
    for wrong in [capability(), linked.first.clone(), reading(&linked.first), hash] {
        assert_eq!(stranger.open_link(&wrong).await, Err(UNKNOWN));
        let joined = stranger.join(linked.log, Epoch(0), &wrong, &capability()).await;
        assert_eq!(joined, Err(UNKNOWN));
    }
    // The link permits neither appends, nor commits of members, nor reading, nor putting a blob.
    let wrong = Err(RelayError::WrongCapability);
    let (log, link) = (linked.log, linked.link.clone());
    assert_eq!(stranger.append(log, Epoch(0), &link, b"").await, wrong);
    assert_eq!(stranger.commit(log, Epoch(0), &link, &capability()).await, wrong);
    let replaced = linked_commit((log, Epoch(0)), &link, &capability(), link_slots(&[(&link, None)]));
    let replaced = stranger.call(Request::AppendLinkedCommit(replaced)).await;
    assert_eq!(replaced, Err(RelayError::WrongCapability));
    let read = stranger.call(Request::FetchGroupInfo { log, capability: link }).await;
    assert_eq!(read, Err(RelayError::WrongCapability));
    linked.member.append(log, Epoch(0), &linked.first, b"the epoch goes on").await.unwrap();
}

#[tokio::test]
async fn p9_the_link_of_another_log_leads_nowhere_else() {
    let mut linked = Linked::start(&[]).await;
    let (other, theirs) = (LogId(unique()), capability());
    linked.member.create_linked_log(other, &capability(), link_slots(&[(&theirs, None)])).await;
    let mut client = linked.client().await;
    assert_eq!(client.join(linked.log, Epoch(0), &theirs, &capability()).await, Err(UNKNOWN));
    assert_eq!(client.join(LogId(unique()), Epoch(0), &theirs, &capability()).await, Err(UNKNOWN));
    // Nor can a client join under the mark of another link.
    let marked = join(other, Epoch(0), &linked.link, &capability()).append;
    let disguised = JoinByLink { append: marked, ..join(other, Epoch(0), &theirs, &capability()) };
    assert_eq!(client.call(Request::JoinByLink(disguised)).await, Err(RelayError::BadRequest));
    linked.member.append(linked.log, Epoch(0), &linked.first, b"the epoch goes on").await.unwrap();
    client.join(other, Epoch(0), &theirs, &capability()).await.unwrap();
}

/// The relay's clock is this machine's.
fn in_millis(millis: u64) -> UnixMillis {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    UnixMillis(u64::try_from(now.as_millis()).unwrap() + millis)
}

#[tokio::test]
async fn p9_an_expired_link_leads_nowhere() {
    let mut linked = Linked::start(&[]).await;
    let (over, soon) = (capability(), capability());
    let slots = link_slots(&[(&over, Some(UnixMillis(1))), (&soon, Some(in_millis(3000)))]);
    let (log, next) = (linked.log, capability());
    let request = linked_commit((log, Epoch(0)), &linked.first, &next, slots);
    only(linked.member.call(Request::AppendLinkedCommit(request)).await).unwrap();
    let mut client = linked.client().await;
    assert!(client.open_link(&soon).await.is_ok());
    tokio::time::sleep(Duration::from_millis(3100)).await;
    for link in [over, soon] {
        assert_eq!(client.open_link(&link).await, Err(UNKNOWN));
        assert_eq!(client.join(log, Epoch(1), &link, &capability()).await, Err(UNKNOWN));
    }
    linked.member.append(log, Epoch(1), &next, b"the epoch goes on").await.unwrap();
}

/// This happens after a removal, a revocation or another change of who may join: everything known before is useless.
#[tokio::test]
async fn p10_links_of_before_are_gone_after_a_new_group_era() {
    let mut linked = Linked::start(&[]).await;
    let (log, kept) = (linked.log, capability());
    let next = [capability(), capability(), capability()];
    let request = linked_commit((log, Epoch(0)), &linked.first, &next[0], link_slots(&[(&kept, None)]));
    only(linked.member.call(Request::AppendLinkedCommit(request.clone())).await).unwrap();
    let mut removed = linked.client().await;
    assert_eq!(removed.open_link(&linked.link).await, Err(UNKNOWN));
    assert_eq!(removed.join(log, Epoch(1), &linked.link, &capability()).await, Err(UNKNOWN));
    assert!(removed.open_link(&kept).await.is_ok());
    // An update keeps the GroupInfo from the era's beginning, and a commit without links deletes it.
    let update = commit_within(log, Epoch(1), &next[0], &next[1]);
    only(linked.member.call(Request::AppendCommit(update)).await).unwrap();
    assert!(removed.open_link(&kept).await.is_ok());
    linked.member.commit(log, Epoch(2), &next[1], &next[2]).await.unwrap();
    assert_eq!(removed.open_link(&kept).await, Err(UNKNOWN));
    // A repeated request restores nothing.
    let retry = linked.member.call(Request::AppendLinkedCommit(request)).await;
    assert_eq!(only(retry).unwrap().seq, Seq(1));
    assert_eq!(removed.open_link(&kept).await, Err(UNKNOWN));
    let ended = linked.member.call(Request::CreateLinkedLog(CreateLinkedLog {
        creation: new_log(log, Epoch(0), &linked.first),
        links: link_slots(&[(&linked.link, None)]),
    }));
    assert_eq!(ended.await, Ok(Answer::Done));
    assert_eq!(removed.open_link(&linked.link).await, Err(UNKNOWN));
}

/// A leaked link cannot fill a log: beyond a few joins, further ones are slow, from any number of addresses.
#[tokio::test]
async fn p10_a_flood_of_joins_by_one_link_is_slowed_and_the_members_go_on() {
    let mut linked = Linked::start(&["--rate-joins", "5/20"]).await;
    let (log, other) = (linked.log, capability());
    let mut now = capability();
    let slots = link_slots(&[(&linked.link, None), (&other, None)]);
    let request = linked_commit((log, Epoch(0)), &linked.first, &now, slots);
    only(linked.member.call(Request::AppendLinkedCommit(request)).await).unwrap();
    // Failed joins do not count.
    let mut pest = RelayClient::connect_from(elsewhere(1), linked.relay.address()).await;
    for _ in 0..20 {
        let unmarked = JoinByLink { append: AppendId(unique()), ..join(log, Epoch(1), &linked.link, &now) };
        assert_eq!(pest.call(Request::JoinByLink(unmarked)).await, Err(RelayError::BadRequest));
    }
    let (mut epoch, mut slowed) = (1, false);
    for number in 2..10 {
        let mut pest = RelayClient::connect_from(elsewhere(number), linked.relay.address()).await;
        let next = capability();
        match pest.join(log, Epoch(epoch), &linked.link, &next).await {
            Ok(_) => (epoch, now) = (epoch + 1, next),
            Err(RelayError::RateLimited { retry_after_ms }) => {
                assert!(retry_after_ms <= 3001, "{retry_after_ms}");
                slowed = true;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(slowed && (6..9).contains(&epoch), "{epoch}");
    // Members write and commit as before, and another link still works.
    linked.member.append(log, Epoch(epoch), &now, b"still here").await.unwrap();
    linked.client().await.join(log, Epoch(epoch), &other, &capability()).await.unwrap();
}

#[tokio::test]
async fn p8_a_join_that_is_sent_again_lands_once_also_when_its_link_is_gone() {
    let mut linked = Linked::start(&[]).await;
    let (log, next) = (linked.log, capability());
    let request = Request::JoinByLink(join(log, Epoch(0), &linked.link, &next));
    let mut newcomer = linked.client().await;
    let landed = only(newcomer.call(request.clone()).await).unwrap();
    assert_eq!(only(newcomer.call(request.clone()).await), Ok(landed));
    linked.member.commit(log, Epoch(1), &next, &capability()).await.unwrap();
    assert_eq!(newcomer.open_link(&linked.link).await, Err(UNKNOWN));
    // This also holds for a relay that died in between.
    let Linked { relay, .. } = linked;
    let folder = relay.folder();
    drop(relay);
    let relay = RelayProcess::start_in(Arc::clone(&folder), &[]);
    let mut newcomer = RelayClient::connect(relay.address()).await;
    assert_eq!(only(newcomer.call(request).await), Ok(landed));
    let state = newcomer.subscribe(log, &linked.first, Seq(0)).await.unwrap();
    assert_eq!(state, Subscribed { head: Seq(2), epoch: Epoch(0) }, "the join, and the commit after it");
}

#[tokio::test]
async fn links_and_joins_survive_a_kill() {
    let linked = Linked::start(&[]).await;
    let mut newcomer = linked.client().await;
    let next = capability();
    newcomer.join(linked.log, Epoch(0), &linked.link, &next).await.unwrap();
    let (offer, Linked { mut relay, log, link, .. }) = (linked.offer(), linked);
    relay.kill();
    let relay = RelayProcess::start_in(relay.folder(), &[]);
    let mut newcomer = RelayClient::connect(relay.address()).await;
    assert_eq!(newcomer.open_link(&link).await, Ok(offer));
    newcomer.append(log, Epoch(1), &next, b"hello").await.unwrap();
}

/// Of several joiners at once one is first, and the others get turns, like all committers.
#[tokio::test]
async fn who_comes_by_a_link_and_lost_a_race_has_the_next_turn() {
    let mut linked = Linked::start(&[]).await;
    let (log, second, third) = (linked.log, capability(), capability());
    linked.member.commit(log, Epoch(0), &linked.first, &second).await.unwrap();
    let request = linked_commit((log, Epoch(1)), &second, &third, link_slots(&[(&linked.link, None)]));
    only(linked.member.call(Request::AppendLinkedCommit(request)).await).unwrap();
    let mut newcomer = linked.client().await;
    let stale = Err(RelayError::StaleEpoch { current: Epoch(2) });
    assert_eq!(newcomer.join(log, Epoch(1), &linked.link, &capability()).await, stale);
    // A member who is always quicker waits now, and so does another joiner.
    let fourth = capability();
    let quick = commit_within(log, Epoch(2), &third, &fourth);
    let refused = linked.member.call(Request::AppendCommit(quick)).await;
    assert!(matches!(refused, Err(RelayError::RateLimited { .. })), "{refused:?}");
    let refused = linked.client().await.join(log, Epoch(2), &linked.link, &capability()).await;
    assert!(matches!(refused, Err(RelayError::RateLimited { .. })), "{refused:?}");
    newcomer.join(log, Epoch(2), &linked.link, &fourth).await.unwrap();
    linked.member.append(log, Epoch(3), &fourth, b"welcome").await.unwrap();
}

#[tokio::test]
async fn a_link_leads_into_the_newest_of_its_logs_first() {
    let mut linked = Linked::start(&[]).await;
    let mut logs = vec![linked.log];
    for _ in 0..8 {
        let log = LogId(unique());
        linked.member.create_linked_log(log, &capability(), link_slots(&[(&linked.link, None)])).await;
        logs.push(log);
    }
    logs.reverse();
    let offers = linked.client().await.open_link(&linked.link).await.unwrap();
    let offered: Vec<LogId> = offers.iter().map(|offer| offer.log).collect();
    assert_eq!(offered, logs[..8]);
}

#[tokio::test]
async fn lists_of_links_that_make_no_sense_are_refused() {
    let mut linked = Linked::start(&[]).await;
    let (log, next) = (linked.log, capability());
    let twice = link_slots(&[(&linked.link, None), (&linked.link, Some(UnixMillis(1)))]);
    let made = CreateLinkedLog { creation: new_log(LogId(unique()), Epoch(0), &next), links: twice.clone() };
    let bad = Err(RelayError::BadRequest);
    assert_eq!(linked.member.call(Request::CreateLinkedLog(made)).await, bad);
    let doubled = linked_commit((log, Epoch(0)), &linked.first, &next, twice);
    assert_eq!(linked.member.call(Request::AppendLinkedCommit(doubled)).await, bad);
    for links in [LinkSlots::default(), link_slots(&[(&linked.link, None)])] {
        let within = AppendLinkedCommit { commit: commit_within(log, Epoch(0), &linked.first, &next), links };
        assert_eq!(linked.member.call(Request::AppendLinkedCommit(within)).await, bad);
    }
    assert_eq!(linked.client().await.open_link(&linked.link).await, Ok(linked.offer()), "as it was");
    linked.member.append(log, Epoch(0), &linked.first, b"the epoch goes on").await.unwrap();
}

#[tokio::test]
async fn a_group_info_stays_as_long_as_its_group_era() {
    let mut linked = Linked::start(&[]).await;
    let (log, secrets) = (linked.log, [capability(), capability(), capability()]);
    let package = |epoch: u64, sealed: Option<&[u8]>| {
        Ok(Answer::GroupInfo { epoch: Epoch(epoch), sealed: sealed.map(bytes) })
    };
    let within = commit_within(log, Epoch(0), &linked.first, &secrets[0]);
    linked.member.call(Request::AppendCommit(within)).await.unwrap();
    assert_eq!(info(&mut linked.member, log, &linked.first).await, package(1, Some(b"package")));
    let newer = AppendCommit {
        group_info: Some(bytes(b"newer")),
        ..commit_within(log, Epoch(1), &secrets[0], &secrets[1])
    };
    linked.member.call(Request::AppendCommit(newer)).await.unwrap();
    assert_eq!(info(&mut linked.member, log, &linked.first).await, package(2, Some(b"newer")));
    let next_era = commit(log, Epoch(2), &secrets[1], &secrets[2]);
    linked.member.call(Request::AppendCommit(next_era)).await.unwrap();
    assert_eq!(info(&mut linked.member, log, &secrets[2]).await, package(3, None));
}

/// Nobody can search for links, or fill the relay's disk with them.
#[tokio::test]
async fn p10_links_are_looked_up_and_brought_no_faster_than_names_and_commits() {
    let relay = RelayProcess::start(&["--rate-resolves", "3/1", "--rate-commits", "64/1"]);
    let mut client = RelayClient::connect(relay.address()).await;
    for _ in 0..3 {
        assert_eq!(client.open_link(&capability()).await, Err(UNKNOWN));
    }
    let refused = client.open_link(&capability()).await;
    assert!(matches!(refused, Err(RelayError::RateLimited { .. })), "{refused:?}");
    let links: Vec<Capability> = (0..16).map(|_| capability()).collect();
    let slots: Vec<_> = link_slots(&links.iter().map(|link| (link, None)).collect::<Vec<_>>()).into_vec();
    let slots = slots.into_iter().map(|mut slot| {
        slot.wrap = bytes(&[7; 2048]);
        slot
    });
    let slots: LinkSlots = List::new(slots.collect()).unwrap();
    let mut made = 0;
    for _ in 0..5 {
        let creation = new_log(LogId(unique()), Epoch(0), &capability());
        let request = CreateLinkedLog { creation, links: slots.clone() };
        match client.call(Request::CreateLinkedLog(request)).await {
            Ok(_) => made += 1,
            Err(RelayError::RateLimited { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(made, 2, "32 KiB each");
}

/// A newcomer reads the kept messages page by page, beside the subscription of the same log.
#[tokio::test]
async fn a_log_is_read_by_the_page_beside_its_subscription() {
    let mut linked = Linked::start(&[]).await;
    for number in 0..100_u8 {
        linked.member.append(linked.log, Epoch(0), &linked.first, &[number]).await.unwrap();
    }
    linked.member.subscribe(linked.log, &linked.first, Seq(100)).await.unwrap();
    let read =
        |after| Request::ReadLog(ReadLog { log: linked.log, capability: reading(&linked.first), after });
    let (mut after, mut all, mut pages) = (Seq(0), Vec::new(), 0);
    loop {
        let Ok(Answer::Entries { entries, more }) = linked.member.call(read(after)).await else { panic!() };
        pages += 1;
        after = entries.last().unwrap().seq;
        all.extend(entries.iter().map(|entry| entry.payload[0]));
        if !more {
            break;
        }
    }
    assert_eq!(all, (0..100).collect::<Vec<u8>>());
    assert!(pages > 1, "one page is bounded");
    let Ok(Answer::Entries { entries, more: false }) = linked.member.call(read(Seq(100))).await else {
        panic!()
    };
    assert!(entries.is_empty());
    linked.member.append(linked.log, Epoch(0), &linked.first, b"live").await.unwrap();
    assert_eq!(linked.member.log_entries(linked.log, 1).await[0].seq, Seq(101), "the subscription goes on");
    let stranger = Request::ReadLog(ReadLog { log: linked.log, capability: capability(), after: Seq(0) });
    assert_eq!(linked.member.call(stranger).await, Err(RelayError::WrongCapability));
}
