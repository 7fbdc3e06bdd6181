//! Who is at the other end of a connection: the address, and what a trusted proxy says about it.
//!
//! Nothing that a client writes into `X-Forwarded-*` counts unless the connection comes from a
//! proxy that the configuration names.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use ipnet::IpNet;

/// The address from which a connection comes, in the extensions of its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Networks whose word about other addresses counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(pub Vec<IpNet>);

/// Who sends a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The address: the peer's, or the one that trusted proxies name.
    pub address: IpAddr,
    /// `https` or `http`, and the host, when a trusted proxy names both or one of them.
    scheme: Option<String>,
    host: Option<String>,
}

impl TrustedProxies {
    fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|net| net.contains(&address))
    }

    /// Who sends a request with these headers over a connection from `peer`.
    ///
    /// `X-Forwarded-For` is read from the right, past the proxies that are trusted.
    pub fn client(&self, peer: Option<Peer>, headers: &HeaderMap) -> Client {
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| {
            peer.0.ip().to_canonical()
        });
        if !self.contains(peer) {
            return Client {
                address: peer,
                scheme: None,
                host: None,
            };
        }
        let mut address = peer;
        let hops = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        for hop in hops.collect::<Vec<_>>().into_iter().rev() {
            let Some(named) = address_of(hop.trim()) else {
                break;
            };
            address = named;
            if !self.contains(address) {
                break;
            }
        }
        let first = |name: &str| {
            let text = headers.get(name)?.to_str().ok()?;
            let text = text.split(',').next().unwrap_or_default().trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        Client {
            address,
            scheme: first("x-forwarded-proto").filter(|text| text == "http" || text == "https"),
            host: first("x-forwarded-host").filter(|text| is_host(text)),
        }
    }
}

/// An address, perhaps with a port.
fn address_of(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .map(|address| address.to_canonical())
}

/// A host with or without a port, and nothing that would change the meaning of a URL.
fn is_host(text: &str) -> bool {
    text.parse::<axum::http::uri::Authority>()
        .is_ok_and(|authority| !authority.as_str().contains('@'))
}

impl Client {
    /// What an absolute URL begins with: scheme and host as a trusted proxy names them, else the
    /// host of the request and the scheme of the connection.
    pub fn origin(&self, headers: &HeaderMap, uri: &Uri, is_tls: bool) -> String {
        let own = if is_tls { "https" } else { "http" };
        let scheme = self.scheme.as_deref().unwrap_or(own);
        let named = headers
            .get(header::HOST)
            .and_then(|value| value.to_str().ok())
            .filter(|text| is_host(text))
            .or_else(|| uri.authority().map(axum::http::uri::Authority::as_str));
        let host = self.host.as_deref().or(named).unwrap_or("localhost");
        format!("{scheme}://{host}")
    }
}

/// The client of a request, which [`super::envelope`] has put into its extensions.
pub fn of(parts: &Parts) -> Client {
    parts
        .extensions
        .get::<Client>()
        .cloned()
        .unwrap_or_else(|| TrustedProxies::default().client(None, &parts.headers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn peer(text: &str) -> Peer {
        Peer(SocketAddr::new(text.parse().unwrap(), 1))
    }

    fn trusted() -> TrustedProxies {
        TrustedProxies(vec![
            "10.0.0.0/8".parse().unwrap(),
            "::1/128".parse().unwrap(),
        ])
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let named = headers(&[
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "api.example.fr"),
            ("host", "gateway:8000"),
        ]);
        let stranger = trusted().client(Some(peer("9.9.9.9")), &named);
        assert_eq!(stranger.address.to_string(), "9.9.9.9");
        let uri = Uri::from_static("/x");
        assert_eq!(stranger.origin(&named, &uri, false), "http://gateway:8000");
        assert_eq!(stranger.origin(&named, &uri, true), "https://gateway:8000");
        let known = trusted().client(Some(peer("::ffff:10.1.2.3")), &named);
        assert_eq!(known.address.to_string(), "1.2.3.4");
        assert_eq!(known.origin(&named, &uri, false), "https://api.example.fr");
    }

    #[test]
    fn the_list_of_hops_is_read_from_the_right_past_trusted_ones() {
        let forged = headers(&[
            ("x-forwarded-for", "6.6.6.6, 1.2.3.4"),
            ("x-forwarded-for", "10.9.9.9"),
        ]);
        let client = trusted().client(Some(peer("10.0.0.1")), &forged);
        assert_eq!(client.address.to_string(), "1.2.3.4");
        let odd = headers(&[("x-forwarded-for", "unknown, [2001:db8::1]:443")]);
        let client = trusted().client(Some(peer("::1")), &odd);
        assert_eq!(client.address.to_string(), "2001:db8::1");
        let none = trusted().client(Some(peer("10.0.0.1")), &headers(&[]));
        assert_eq!(none.address.to_string(), "10.0.0.1");
    }

    #[test]
    fn a_host_that_would_change_the_url_is_ignored() {
        let odd = headers(&[("host", "a@b.fr"), ("x-forwarded-host", "x y")]);
        let client = trusted().client(Some(peer("10.0.0.1")), &odd);
        let origin = client.origin(&odd, &Uri::from_static("/x"), false);
        assert_eq!(origin, "http://localhost");
    }
}
