//! The stylesheet, scripts and fonts inside the binary, under names that carry the hash of their content.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// A file inside the binary.
#[derive(Debug)]
pub struct Asset {
    /// Name in the source.
    pub name: &'static str,
    /// Name in addresses, with the hash of the content.
    pub file: &'static str,
    /// Content.
    pub bytes: &'static [u8],
    /// Content packed by gzip; none for what is packed already.
    pub gzip: Option<&'static [u8]>,
}

static ASSETS: &[Asset] = &include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The address of an asset; none when the build did not have it.
pub fn address(name: &str) -> Option<String> {
    ASSETS.iter().find(|a| a.name == name).map(|a| format!("/assets/{}", a.file))
}

/// Whether the build found the npm packages (htmx and the fonts).
pub fn has_packages() -> bool {
    address("htmx.js").is_some()
}

/// `/assets/{file}`, cached for good because a change of content changes the name.
pub fn router() -> Router {
    Router::new().route("/assets/{file}", get(serve)).route("/favicon.ico", get(icon))
}

async fn icon(headers: HeaderMap) -> Response {
    ASSETS
        .iter()
        .find(|a| a.name == "icon.svg")
        .map_or(StatusCode::NOT_FOUND.into_response(), |a| give(a, &headers))
}

async fn serve(Path(file): Path<String>, headers: HeaderMap) -> Response {
    match ASSETS.iter().find(|a| a.file == file) {
        Some(asset) => give(asset, &headers),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn give(asset: &'static Asset, asked: &HeaderMap) -> Response {
    let media = match asset.name.rsplit_once('.').map_or("", |(_, e)| e) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    };
    let packs = asked
        .get(header::ACCEPT_ENCODING)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| v.split(',').any(|part| part.trim().split(';').next() == Some("gzip")));
    let (body, packed) = match asset.gzip {
        Some(gzip) if packs => (gzip, true),
        _ => (asset.bytes, false),
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
