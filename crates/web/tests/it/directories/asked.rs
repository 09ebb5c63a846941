//! What is asked of a directory, and what is believed.

use std::sync::{Arc, Mutex};

use proofdesk_sso::{Directory, DirectorySettings, Error, Person};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::slapd::{SECRET, SUFFIX, Slapd};

async fn comes(of: &Directory, name: &str, password: &str) -> Result<Option<Person>, Error> {
    match of.find(name).await? {
        Some(found) => of.prove(&found, password).await,
        None => Ok(None),
    }
}

#[tokio::test]
async fn only_who_has_one_entry_and_the_password_comes_in() {
    let slapd = Slapd::start();
    let by_tls = slapd.settings();
    let by_start_tls =
        DirectorySettings { url: format!("ldap://localhost:{}", slapd.plain), ..by_tls.clone() };
    let by_name = DirectorySettings {
        bind_as: Some(format!("uid={{name}},ou=people,{SUFFIX}")),
        bind_dn: None,
        bind_password_file: None,
        filter: String::new(),
        ..by_tls.clone()
    };
    let mut subjects = Vec::new();
    for settings in [by_tls, by_start_tls, by_name] {
        let of = slapd.directory(settings);
        of.try_out().await.unwrap();
        let mara = comes(&of, "mara", SECRET).await.unwrap().unwrap();
        assert_eq!((mara.sign_in.as_str(), mara.name.as_str()), ("mara", "mara of people"));
        assert_eq!(mara.mail, None, "an address that nobody said holds is none");
        assert_eq!(mara.subject.len(), 36, "{}", mara.subject);
        subjects.push(mara.subject);
        for (name, password) in [
            ("mara", "wrong"),
            ("mara", ""),
            ("nobody", SECRET),
            ("nobody", ""),
            ("open", SECRET), // without a password there
            ("open", ""),
            ("*", SECRET),
            ("mar*", SECRET),
            ("*)(uid=*", SECRET),
            ("mara)(|(uid=*", SECRET),
            ("mara,ou=people", SECRET),
            ("mara\0", SECRET),
            ("", SECRET),
        ] {
            assert_eq!(comes(&of, name, password).await.unwrap(), None, "{name:?} {password:?}");
        }
    }
    assert_eq!(subjects[0], subjects[1]);
    assert_eq!(subjects[0], subjects[2]);
    let of = slapd.directory(slapd.settings());
    for name in ["twin", "gone"] {
        assert_eq!(comes(&of, name, SECRET).await.unwrap(), None, "{name}");
    }
    let by_mail = comes(&of, "mara@example.com", SECRET).await.unwrap().unwrap();
    assert_eq!(by_mail.subject, subjects[0], "one person under two names");
    let known =
        DirectorySettings { verified_mail: true, domains: vec!["example.com".into()], ..slapd.settings() };
    let mara = comes(&slapd.directory(known.clone()), "mara", SECRET).await.unwrap().unwrap();
    assert_eq!(mara.mail.as_deref(), Some("mara@example.com"));
    let elsewhere = DirectorySettings { domains: vec!["example.org".into()], ..known };
    let refused = comes(&slapd.directory(elsewhere), "mara", SECRET).await;
    assert!(matches!(refused, Err(Error::Unfit { .. })), "{refused:?}");
    let nameless = DirectorySettings { id_attribute: "description".into(), ..slapd.settings() };
    let refused = comes(&slapd.directory(nameless), "mara", SECRET).await;
    assert!(matches!(refused, Err(Error::Unfit { .. })), "{refused:?}");
}

#[tokio::test]
async fn groups_are_found_by_the_attribute_and_by_a_filter() {
    let slapd = Slapd::start();
    let mara = format!("uid=mara,ou=people,{SUFFIX}");
    slapd.group("Service Desk", &mara);
    slapd.group("choir", &mara);
    let roles = [("service desk", "agent"), ("bosses", "administrator")];
    let roles = roles.map(|(group, role)| (group.to_owned(), vec![role.to_owned()]));
    let base = DirectorySettings {
        groups_base: Some(format!("ou=groups,{SUFFIX}")),
        roles: roles.into(),
        ..slapd.settings()
    };
    let by_attribute = DirectorySettings { groups_attribute: Some("memberOf".into()), ..base.clone() };
    let by_filter = DirectorySettings {
        groups_filter: Some("(&(objectClass=groupOfNames)(member={dn}))".into()),
        ..base
    };
    let whole = format!("CN=Service Desk, OU=Groups, {SUFFIX}");
    let by_whole_name = DirectorySettings {
        groups_base: None,
        roles: [(whole, vec!["agent".to_owned()])].into(),
        everybody: vec!["requester".to_owned()],
        ..by_attribute.clone()
    };
    for (settings, expected) in [
        (by_attribute, vec!["agent"]),
        (by_filter, vec!["agent"]),
        (by_whole_name, vec!["agent", "requester"]),
    ] {
        let of = slapd.directory(settings);
        assert_eq!(comes(&of, "mara", SECRET).await.unwrap().unwrap().roles.unwrap(), expected);
        let ida = comes(&of, "ida", SECRET).await.unwrap().unwrap();
        assert_eq!(ida.roles.unwrap(), &expected[1..], "who is in no group has the roles of everybody");
    }
}

#[tokio::test]
async fn somebody_known_is_found_under_another_name_and_not_when_gone() {
    let slapd = Slapd::start();
    let of = slapd.directory(slapd.settings());
    let mara = comes(&of, "mara", SECRET).await.unwrap().unwrap();
    let dn = format!("uid=mara,ou=people,{SUFFIX}");
    slapd.change(&format!(
        "dn: {dn}\nchangetype: modrdn\nnewrdn: uid=mara.lind\ndeleteoldrdn: 1\nnewsuperior: ou=branch,{SUFFIX}\n"
    ));
    let found = of.find_again(&mara.subject, "mara").await.unwrap().unwrap();
    assert_eq!(of.prove(&found, SECRET).await.unwrap().unwrap().sign_in, "mara.lind");
    assert_eq!(of.prove(&found, "wrong").await.unwrap(), None);
    let dn = format!("uid=mara.lind,ou=branch,{SUFFIX}");
    slapd.change(&format!("dn: {dn}\nchangetype: modify\nadd: employeeType\nemployeeType: ended\n"));
    assert_eq!(of.find_again(&mara.subject, "mara").await.unwrap(), None, "the filter leaves her out");
    slapd.change(&format!("dn: {dn}\nchangetype: delete\n"));
    assert_eq!(of.find_again(&mara.subject, "mara").await.unwrap(), None);
    // somebody else gets the name, and is not her
    slapd.change(&format!(
        "dn: {dn}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: mara.lind\ncn: M\nsn: M\nuserPassword: {SECRET}\n"
    ));
    let refused = of.prove(&found, SECRET).await;
    assert!(matches!(refused, Err(Error::Unfit { .. })), "{refused:?}");
    assert_ne!(comes(&of, "mara.lind", SECRET).await.unwrap().unwrap().subject, mara.subject);
}

#[tokio::test]
async fn the_desk_asks_about_somebody_known_without_his_password() {
    let slapd = Slapd::start();
    let (dn, roles) =
        (format!("uid=mara,ou=people,{SUFFIX}"), [("desk".to_owned(), vec!["agent".to_owned()])]);
    slapd.group("desk", &dn);
    let by_filter = DirectorySettings {
        groups_attribute: Some("memberOf".into()),
        groups_base: Some(format!("ou=groups,{SUFFIX}")),
        roles: roles.into(),
        ..slapd.settings()
    };
    let by_name = DirectorySettings {
        bind_as: Some(format!("uid={{name}},ou=people,{SUFFIX}")),
        filter: String::new(),
        ..by_filter.clone()
    };
    let all = [by_filter, by_name].map(|settings| slapd.directory(settings));
    let mara = comes(&all[0], "mara", SECRET).await.unwrap().unwrap();
    for of in &all {
        assert_eq!(of.look_up(&mara.subject, "mara").await.unwrap(), Some(mara.clone()));
        let nobody = "00000000-0000-0000-0000-000000000000";
        assert_eq!(of.look_up(nobody, "mara").await.unwrap(), None, "her name is not who she is");
    }
    let unnamed = DirectorySettings { bind_dn: None, bind_password_file: None, ..slapd.settings() };
    assert_eq!(unnamed.recheck_every(), None);
    let refused = slapd.directory(unnamed).look_up(&mara.subject, "mara").await;
    assert!(matches!(refused, Err(Error::Unfit { .. })), "{refused:?}");
    slapd.change(&format!("dn: {dn}\nchangetype: delete\n"));
    for of in &all {
        assert_eq!(of.look_up(&mara.subject, "mara").await.unwrap(), None);
    }
}

async fn away(of: &Directory) -> String {
    let tried = of.try_out().await.unwrap_err().to_string();
    let Err(Error::Unreached { why, .. }) = comes(of, "mara", SECRET).await else {
        panic!("it should not have been believed")
    };
    assert!(tried.contains(&why), "{tried}: {why}");
    why
}

#[tokio::test]
async fn nothing_is_said_to_a_server_that_is_not_believed() {
    let (mut slapd, other, bare) = (Slapd::start(), Slapd::start(), Slapd::start_without_tls());
    let good = slapd.settings();
    let of = |settings: DirectorySettings| slapd.directory(settings);
    let by_start_tls =
        |port: u16| DirectorySettings { url: format!("ldap://localhost:{port}"), ..good.clone() };
    let wrong_authority = DirectorySettings { roots: Some(other.authority()), ..good.clone() };
    assert!(away(&of(wrong_authority)).await.contains("certificate"));
    let wrong_authority = DirectorySettings { roots: Some(other.authority()), ..by_start_tls(slapd.plain) };
    assert!(away(&of(wrong_authority)).await.contains("certificate"));
    let usual_authorities = DirectorySettings { roots: None, ..good.clone() };
    assert!(away(&of(usual_authorities)).await.contains("certificate"));
    // the certificate is for `localhost` and 127.0.0.1
    for url in [format!("ldaps://127.0.0.2:{}", other.tls), format!("ldap://127.0.0.2:{}", other.plain)] {
        let listens = DirectorySettings { url, ..good.clone() };
        away(&of(listens)).await;
    }
    away(&of(by_start_tls(bare.plain))).await;
    let wrong_word = Directory::new(good.clone(), Some("wrong".to_owned())).unwrap();
    assert!(away(&wrong_word).await.contains("bind_dn"));
    let no_base = DirectorySettings { base: "dc=nowhere".into(), ..good.clone() };
    assert!(of(no_base).try_out().await.is_err());
    let of = of(good);
    slapd.stop();
    away(&of).await;
    slapd.go_on();
    of.try_out().await.unwrap();
}

/// A server on loopback: gives its port and what it was sent.
async fn listener(answer: &'static [u8]) -> (u16, Arc<Mutex<Vec<u8>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let sent = Arc::new(Mutex::new(Vec::new()));
    let kept = sent.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let kept = kept.clone();
            tokio::spawn(async move {
                let mut part = [0_u8; 4_096];
                while let Ok(read @ 1..) = stream.read(&mut part).await {
                    kept.lock().unwrap().extend_from_slice(&part[..read]);
                    if !answer.is_empty() {
                        stream.write_all(answer).await.unwrap();
                    }
                }
            });
        }
    });
    (port, sent)
}

#[tokio::test]
async fn what_is_secret_waits_for_tls_and_nobody_waits_for_ever() {
    let slapd = Slapd::start();
    // "protocol error" to StartTLS; "success", and then no TLS; and no answer at all
    let refuses: &[u8] = &[0x30, 12, 2, 1, 1, 0x78, 7, 10, 1, 2, 4, 0, 4, 0];
    let pretends: &[u8] = &[0x30, 12, 2, 1, 1, 0x78, 7, 10, 1, 0, 4, 0, 4, 0];
    for answer in [refuses, pretends, &[]] {
        let (port, sent) = listener(answer).await;
        let settings = DirectorySettings {
            url: format!("ldap://localhost:{port}"),
            bind_as: Some(format!("uid={{name}},ou=people,{SUFFIX}")),
            filter: String::new(),
            timeout_seconds: 1,
            ..slapd.settings()
        };
        let begun = std::time::Instant::now();
        let refused = comes(&slapd.directory(settings), "mara", SECRET).await;
        assert!(matches!(refused, Err(Error::Unreached { .. })), "{refused:?}");
        assert!(begun.elapsed().as_secs() < 4, "{:?}", begun.elapsed());
        let sent = sent.lock().unwrap().clone();
        assert!(!sent.is_empty());
        for secret in ["mara", SECRET, "desk"] {
            assert!(!sent.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} was sent");
        }
    }
}
