//! `POST /register`: names, bodies, and one name for one person.

use serde_json::{Value, json};

use super::{problem, raw};
use crate::util::{Actor, Answer, on_both, world::PASSWORD};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn sent(nobody: &Actor, body: &str) -> Answer {
    nobody.send("POST", "/register", &[JSON], body.to_owned()).await
}

on_both! {
    async fn who_registers_gets_an_id_and_the_one_spelling_of_the_name(world) {
        let nobody = world.nobody();
        let answer = nobody.register("Ａlice", PASSWORD).await.expect(201);
        let made = answer.json();
        assert_eq!(made, json!({ "id": made["id"], "username": "alice" }));
        let id = uuid::Uuid::parse_str(made["id"].as_str().expect("an id")).expect("a UUID");
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(answer.header("content-type"), "application/json");

        // In the same words, whichever spelling it is.
        for spelling in ["alice", "ALICE", "Alice", "ａｌｉｃｅ", "ALICＥ"] {
            let told = problem(&nobody.register(spelling, PASSWORD).await, 409, "taken");
            assert_eq!(told["detail"], "the username is taken; choose another one");
        }
        nobody.register("Admin", PASSWORD).await.expect(409);

        // Composed and decomposed.
        nobody.register("Élodie", PASSWORD).await.expect(201);
        nobody.register("e\u{301}lodie", PASSWORD).await.expect(409);
        let elodie = nobody.logged_in("E\u{301}LODIE", PASSWORD).await;
        assert_eq!(elodie.get("/me").await.expect(200).json()["username"], "élodie");
    }

    async fn names_of_other_scripts_are_names(world) {
        let longest = "n".repeat(64);
        for name in ["Ольга", "山田さん", "Ελένη", "שרה", "o'brien", "a-b_c.d", "1", "ñandú", &longest]
        {
            world.nobody().register(name, PASSWORD).await.expect(201);
        }
    }

    async fn what_could_pass_for_another_name_is_none(world) {
        let too_long = "n".repeat(65);
        let far_too_long = "n".repeat(60_000);
        let bad = [
            ("", "letters, digits and signs"),
            (" ", "letters, digits and signs"),
            ("a b", "letters, digits and signs"),
            ("alice ", "letters, digits and signs"),
            ("a\u{a0}b", "letters, digits and signs"),
            ("a\u{3000}b", "letters, digits and signs"),
            ("a\0b", "letters, digits and signs"),
            ("a\nb", "letters, digits and signs"),
            ("a\u{1b}[31mb", "letters, digits and signs"),
            ("a\u{85}b", "letters, digits and signs"),
            ("a\u{2028}b", "letters, digits and signs"),
            ("a\u{200b}b", "letters, digits and signs"),
            ("a\u{200d}b", "letters, digits and signs"),
            ("a\u{ad}b", "letters, digits and signs"),
            ("a\u{feff}b", "letters, digits and signs"),
            ("\u{202e}nimda", "letters, digits and signs"),
            ("a\u{2066}b", "letters, digits and signs"),
            ("אa", "letters, digits and signs"),
            ("a\u{378}", "letters, digits and signs"),
            ("a\u{e000}", "letters, digits and signs"),
            ("☃", "letters, digits and signs"),
            ("ﬁsh", "letters, digits and signs"),
            // Its small letters came to Unicode after PRECIS's tables: what it is mapped to is no name.
            ("ᎠᎡᎢ", "letters, digits and signs"),
            ("-alice", "begins with a letter or a digit"),
            (".", "begins with a letter or a digit"),
            ("..", "begins with a letter or a digit"),
            ("'alice", "begins with a letter or a digit"),
            ("\u{301}alice", "digit"),
            ("pаypal", "mixes scripts"),
            ("аdmin", "mixes scripts"),
            ("αlice", "mixes scripts"),
            ("alice@example.org", "no `@`"),
            ("alice＠example.org", "no `@`"),
            ("alice﹫example.org", "no `@`"),
            (&too_long, "at most 64"),
            (&far_too_long, "at most 64"),
        ];
        for (name, why) in bad {
            let told = problem(&world.nobody().register(name, PASSWORD).await, 400, "invalid");
            let detail = told["detail"].as_str().expect("a detail");
            assert!(detail.starts_with("`username` ") && detail.contains(why), "{name:?}: {detail}");
        }
        let admin = world.administrator().await;
        assert_eq!(admin.get("/admin/users").await.json()["items"].as_array().map(Vec::len), Some(1));
    }

    async fn a_body_has_two_members_and_no_others(world) {
        let nobody = world.nobody();
        let good = format!(r#""username": "alice", "password": "{PASSWORD}""#);
        // Who could say so would choose his own rights (security.md, row 23).
        for member in [
            "roles",
            "id",
            "user_id",
            "verified",
            "email",
            "disabled",
            "created_at",
            "admin",
            "scope",
            "sub",
            "Username",
            "username ",
            "__proto__",
        ] {
            for value in ["[\"admin\"]", "true", "null", "\"x\""] {
                let body = format!("{{{good}, \"{member}\": {value}}}");
                problem(&sent(&nobody, &body).await, 400, "invalid");
            }
        }
        let deep = |depth: usize| format!("{{{good}, \"x\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
        let bad = [
            format!("{{{good}, \"password\": \"{PASSWORD}\"}}"),
            format!("{{{good}, \"username\": \"mallory\"}}"),
            format!("{{{good}, \"user\\u006eame\": \"mallory\"}}"),
            format!("{{{good}}} {{}}"),
            format!("{{{good}"),
            format!("[{{{good}}}]"),
            format!(r#"["alice", "{PASSWORD}"]"#),
            format!("\u{feff}{{{good}}}"),
            deep(31),
            deep(32),
            deep(30_000),
            String::new(),
            " ".into(),
            "null".into(),
            "\"alice\"".into(),
            "{}".into(),
            r#"{"username": "alice"}"#.into(),
            format!(r#"{{"password": "{PASSWORD}"}}"#),
            format!(r#"{{"username": null, "password": "{PASSWORD}"}}"#),
            format!(r#"{{"username": 7, "password": "{PASSWORD}"}}"#),
            format!(r#"{{"username": ["alice"], "password": "{PASSWORD}"}}"#),
            format!(r#"{{"username": {{"$ne": ""}}, "password": "{PASSWORD}"}}"#),
            r#"{"username": "alice", "password": 123456789012345678901234567890}"#.into(),
            format!(r#"{{"username": "\ud800", "password": "{PASSWORD}"}}"#),
            format!("username=alice&password={}", PASSWORD.replace(' ', "+")),
        ];
        for body in bad {
            let told = problem(&sent(&nobody, &body).await, 400, "invalid");
            assert!(!told.to_string().contains(PASSWORD), "{told}");
        }
        let bytes = [&b"{\"username\": \"\xff\", "[..], &good.as_bytes()[21..], b"}"].concat();
        problem(&nobody.send("POST", "/register", &[JSON], bytes).await, 400, "invalid");
        // None of them was half done.
        sent(&nobody, &format!("{{{good}}}")).await.expect(201);
    }

    async fn a_body_is_json_and_says_so(world) {
        let nobody = world.nobody();
        let body = |name: &str| json!({ "username": name, "password": PASSWORD }).to_string();
        let wrong: [&[(&str, &str)]; 7] = [
            &[],
            &[("content-type", "text/plain")],
            &[("content-type", "application/x-www-form-urlencoded")],
            &[("content-type", "application/jsonp")],
            &[("content-type", "multipart/form-data; boundary=x")],
            &[("content-type", "text/plain; application/json")],
            &[JSON, ("content-type", "text/plain")],
        ];
        for headers in wrong {
            let told = problem(&nobody.send("POST", "/register", headers, body("alice")).await, 415, "content-type");
            assert_eq!(told["detail"], "send the body as `Content-Type: application/json`");
        }
        for (n, right) in ["application/json; charset=utf-8", "Application/JSON"].iter().enumerate() {
            let name = format!("alice{n}");
            nobody.send("POST", "/register", &[("content-type", right)], body(&name)).await.expect(201);
        }
    }

    async fn a_refusal_for_size_reaches_whoever_sends_megabytes(world) {
        let full = |bytes: usize| {
            let body = json!({ "username": "alice", "password": PASSWORD }).to_string();
            format!("{}{body}", " ".repeat(bytes - body.len()))
        };
        problem(&sent(&world.nobody(), &full(65_537)).await, 413, "too-large");
        let head = "POST /register";
        for bytes in [65_537, 6 << 20] {
            let answer =
                raw::send(world.address(), raw::request(head, "content-type: application/json\r\n", &full(bytes)))
                    .await;
            problem(&answer, 413, "too-large");
        }
        // Nobody has to believe what a length says.
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(65_536));
        let chunked = raw::request(head, "content-type: application/json\r\ntransfer-encoding: chunked\r\n", "");
        problem(&raw::send(world.address(), format!("{chunked}{}", chunk.repeat(16))).await, 413, "too-large");
        sent(&world.nobody(), &full(65_536)).await.expect(201);
    }

    async fn of_two_who_want_one_name_one_gets_it(world) {
        for round in 0..6 {
            let nobody = world.nobody();
            let names = [format!("name{round}"), format!("NAME{round}"), format!("ｎame{round}")];
            let (one, two, three) = tokio::join!(
                nobody.register(&names[0], PASSWORD),
                nobody.register(&names[1], PASSWORD),
                nobody.register(&names[2], PASSWORD),
            );
            let mut answers = [one, two, three];
            answers.sort_by_key(|answer| answer.status);
            let id: Value = answers[0].clone().expect(201).json()["id"].clone();
            problem(&answers[1], 409, "taken");
            problem(&answers[2], 409, "taken");
            let who = nobody.logged_in(&names[1], PASSWORD).await;
            assert_eq!(who.id(), id.as_str().expect("an id"));
        }
    }
}
