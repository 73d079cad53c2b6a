//! What the service says about itself: its OpenAPI document, its access matrix, and the page that shows them.

mod deploying;
mod matrix;
mod openapi;
mod page;
