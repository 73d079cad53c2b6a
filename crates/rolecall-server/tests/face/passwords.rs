//! Which passwords are taken (NIST SP 800-63B-4), and that the whole of one is compared.

use super::problem;
use crate::util::{World, on_both};

/// Registers with this password; what is wrong with it, or nothing.
async fn wrong(world: &World, name: &str, password: &str) -> Option<String> {
    let answer = world.nobody().register(name, password).await;
    if answer.status == 201 {
        return None;
    }
    let told = problem(&answer, 400, "invalid");
    let detail = told["detail"].as_str().expect("a detail").to_owned();
    assert!(detail.starts_with("`password` "), "{detail}");
    assert!(password.is_empty() || !detail.contains(password), "{detail}");
    Some(detail)
}

/// Of so many code points, all different from their neighbours.
fn of_length(length: usize) -> String {
    "ξψλΩκβμδφπθγχζσжщыюяλ".chars().cycle().take(length).collect()
}

on_both! {
    async fn fifteen_code_points_are_enough_and_fourteen_are_not(world) {
        let latin = "kV7#qZ2!mX9$wR4";
        let cases = [
            ("a1", of_length(14), false),
            ("a2", of_length(15), true),
            ("a3", latin[..14].into(), false),
            ("a4", latin.into(), true),
            // 28 bytes of UTF-16 and 56 of UTF-8 are still 14 code points.
            ("a5", "🦀🐙🦊🐝🦉🐢🦋🐬🦔🐧🦩🐳🦎🐌".into(), false),
            ("a6", "🦀🐙🦊🐝🦉🐢🦋🐬🦔🐧🦩🐳🦎🐌🦂".into(), true),
        ];
        for (name, password, good) in cases {
            let said = wrong(world, name, &password).await;
            assert_eq!(said.is_none(), good, "{password}: {said:?}");
            if let Some(said) = said {
                assert!(said.contains("at least 15 characters; three or four words"), "{said}");
            }
        }
        assert!(wrong(world, "a7", "").await.is_some());
    }

    async fn a_password_has_at_most_1024_bytes(world) {
        let start = "seventeen violet otters ";
        let long = |bytes: usize| format!("{start}{}", "x".repeat(bytes - start.len()));
        assert_eq!(wrong(world, "alice", &long(1024)).await, None);
        assert!(wrong(world, "bob", &long(1025)).await.expect("refused").contains("1024 bytes"));
        assert!(wrong(world, "bob", &long(60_000)).await.expect("refused").contains("1024 bytes"));
        world.nobody().log_in("alice", &long(1024)).await.expect(200);
        world.nobody().log_in("alice", &long(1023)).await.expect(400);
    }

    async fn any_assigned_code_point_is_part_of_a_password_but_controls(world) {
        for (n, c) in
            ['\0', '\n', '\r', '\u{7}', '\u{1b}', '\u{7f}', '\u{85}', '\u{378}', '\u{fffe}'].iter().enumerate()
        {
            let said = wrong(world, &format!("a{n}"), &format!("seventeen violet{c}otters")).await;
            assert!(said.expect("refused").contains("control character"), "{c:?}");
        }
        let good = [
            "👩‍👩‍👧‍👦 seventeen violet otters",
            "семнадцать фиолетовых выдр",
            "十七匹の紫色のカワウソが泳いでいる",
            "  seventeen  violet  otters  ",
            "tab's absent \"quotes\" \\ & = + % ;",
        ];
        for (n, password) in good.iter().enumerate() {
            let name = format!("b{n}");
            assert_eq!(wrong(world, &name, password).await, None, "{password}");
            world.nobody().log_in(&name, password).await.expect(200);
            // White space at the ends is part of it, and so is every joiner.
            let trimmed: String = password.replace('\u{200d}', "").trim().to_owned();
            if trimmed != *password {
                world.nobody().log_in(&name, &trimmed).await.expect(400);
            }
        }
    }

    async fn what_is_easy_to_guess_is_refused_with_what_to_do(world) {
        let issuer = format!("http://{}", world.address());
        let weak = [
            "aaaaaaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
            "passwordpassword",
            "password12345678",
            "qwertyuiopasdfgh",
            "123456789012345",
            "marguerite-marguerite",
            "Marguerite2024!",
            "etireugram-marguerite",
            &issuer,
            &format!("{issuer}1"),
        ];
        for password in weak {
            let said = wrong(world, "Marguerite", password).await.unwrap_or_else(|| panic!("{password} was taken"));
            assert!(said.contains("add a word or two that do not belong to the rest"), "{password}: {said}");
        }
        assert_eq!(wrong(world, "Marguerite", "seventeen violet otters").await, None);
    }

    async fn the_whole_password_counts(world) {
        // bcrypt would stop after 72 bytes.
        let start = format!("{:x<72}", "seventeen violet otters ");
        assert_eq!(wrong(world, "alice", &format!("{start}a")).await, None);
        for other in
            [format!("{start}b"), start.clone(), format!("{start}aa"), format!("{start}A"), format!("{start}a\0")]
        {
            world.nobody().log_in("alice", &other).await.expect(400);
        }
        world.nobody().log_in("alice", &format!("{start}a")).await.expect(200);
    }

    async fn composed_and_decomposed_are_one_password(world) {
        let nfc = "crème brûlée für Zoë Å";
        let nfd = "cre\u{300}me bru\u{302}le\u{301}e fu\u{308}r Zoe\u{308} A\u{30a}";
        assert_eq!(wrong(world, "alice", nfc).await, None);
        assert_eq!(wrong(world, "bob", nfd).await, None);
        for name in ["alice", "bob"] {
            for password in [nfc, nfd, &nfc.replace('Å', "\u{212b}")] {
                world.nobody().log_in(name, password).await.expect(200);
            }
            // NFC, not NFKC: full-width letters are other letters.
            world.nobody().log_in(name, &nfc.replace('c', "ｃ")).await.expect(400);
        }
    }
}
