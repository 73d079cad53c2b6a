//! The page, by a person at a browser: the real binary, a log-in, a call that is answered and one that is refused.

use tempfile::TempDir;

use crate::util::{binary::Service, browser::Browser, world::PASSWORD};

/// Opens the log-in, and sends it.
async fn log_in(browser: &Browser, name: &str, password: &str) {
    browser.write("#oauth_username", name).await;
    browser.write("#oauth_password", password).await;
    // There is another form, for clients.
    browser.click(".modal-ux .auth-container:has(#oauth_password) .modal-btn.authorize").await;
}

/// Opens an operation of the page, tries its call, and reads the status and the body.
async fn try_out(browser: &Browser, operation: &str) -> (String, String) {
    let within = |css: &str| format!("#operations-{operation} {css}");
    browser.click(&within(".opblock-summary-control")).await;
    browser.click(&within(".try-out__btn")).await;
    browser.click(&within(".execute")).await;
    let status = browser.text(&within(".live-responses-table .response .response-col_status")).await;
    (status, browser.text(&within(".live-responses-table .response .microlight")).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_logs_in_from_the_page_and_calls_a_guarded_route() {
    let folder = TempDir::new().expect("a folder");
    let service = Service::start(folder.path(), &["--listen", "127.0.0.1:0"]);
    service.nobody().register("alice", PASSWORD).await.expect(201);
    let host = format!("http://{}/", service.address());
    let browser = Browser::open().await;
    browser.go(&format!("{host}docs")).await;
    assert_eq!(browser.address().await, format!("{host}docs/"));
    let (status, body) = try_out(&browser, "me-me").await;
    assert!(status.starts_with("401") && body.contains("no token was sent"), "{status}: {body}");
    let forgotten = browser.complaints().await;
    assert!(forgotten.iter().all(|text| text.contains("/me ") && text.contains("401")), "{forgotten:?}");

    browser.click(".auth-wrapper .authorize").await;
    log_in(&browser, "alice", "not her password").await;
    let refused = browser.text(".modal-ux .errors").await;
    assert!(refused.contains("incorrect username or password"), "{refused}");
    browser.complaints().await;
    log_in(&browser, "alice", PASSWORD).await;
    // The button to log in becomes the one to log out.
    browser.find(".modal-ux .modal-btn.auth:not(.authorize)").await;
    browser.click(".modal-ux .btn-done").await;

    browser.click("#operations-me-me .execute").await;
    let shown = "#operations-me-me .live-responses-table .response";
    let mine = format!("{shown} .microlight");
    crate::util::until(async || browser.text(&mine).await.contains("\"alice\"")).await;
    assert!(browser.text(&format!("{shown} .response-col_status")).await.starts_with("200"));

    let (status, body) = try_out(&browser, "users-list_users").await;
    assert!(status.starts_with("403"), "{status}: {body}");
    assert!(body.contains("this needs rolecall.users:read"), "{body}");

    let requests = browser.requests().await;
    assert!(requests.iter().any(|address| *address == format!("{host}token")), "{requests:?}");
    // What is drawn from a text in the style sheet is asked of nobody.
    let away: Vec<_> =
        requests.iter().filter(|address| !address.starts_with(&host) && !address.starts_with("data:")).collect();
    assert!(away.is_empty(), "asked of others: {away:?}");
    let complaints = browser.complaints().await;
    assert!(complaints.iter().all(|text| text.contains("/admin/users") && text.contains("403")), "{complaints:?}");
    browser.close().await;
    service.stop();
}
