//! The OpenAPI document, and Swagger UI to read it, from the binary alone.

use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::Path;
use axum::http::header;
use axum::response::{Html, IntoResponse as _, Response};
use utoipa_swagger_ui::Config;

use crate::error::{Absent, GatewayError};
use crate::openapi;

/// The page: it loads nothing from elsewhere.
const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>QualiCharge Stream</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/swagger-ui-standalone-preset.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"#;

/// What starts the page; relative, so that it works behind any path.
const START: &str = r##"window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: "StandaloneLayout",
  validatorUrl: null,
});
"##;

/// The files that the page loads.
const ASSETS: [&str; 4] = [
    "swagger-ui.css",
    "favicon-32x32.png",
    "swagger-ui-bundle.js",
    "swagger-ui-standalone-preset.js",
];

static DOCUMENT: LazyLock<serde_json::Value> = LazyLock::new(openapi::document);

/// `GET /openapi.json`.
pub async fn document() -> Response {
    Json(&*DOCUMENT).into_response()
}

/// `GET /docs`.
pub async fn page() -> Response {
    Html(PAGE).into_response()
}

/// `GET /docs/{file}`.
pub async fn asset(Path(file): Path<String>) -> Response {
    if file == "start.js" {
        return ([(header::CONTENT_TYPE, "text/javascript")], START).into_response();
    }
    let known = ASSETS.iter().find(|asset| **asset == file);
    let found = known.and_then(|asset| {
        let config = Arc::new(Config::from("openapi.json"));
        utoipa_swagger_ui::serve(asset, config).ok().flatten()
    });
    match found {
        Some(found) => {
            let kind = [(header::CONTENT_TYPE, found.content_type)];
            (kind, found.bytes.into_owned()).into_response()
        }
        None => GatewayError::Absent(Absent::Path).into_response(),
    }
}
