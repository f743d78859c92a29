// SPDX-License-Identifier: Apache-2.0
//! Addresses as the chain holds them, and as sockets and iroh want them.

use super::NetError;
use quern_primitives::job::{Endpoint, SocketAddress, MAX_ADDRESSES};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// A socket address as the chain holds it: IPv4 mapped into IPv6.
pub fn from_socket(address: SocketAddr) -> SocketAddress {
    let ip = match address.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    SocketAddress { ip: ip.octets(), port: address.port() }
}

/// The socket address that the chain's record means: mapped IPv4 is IPv4 again.
pub fn to_socket(address: SocketAddress) -> SocketAddr {
    SocketAddr::new(Ipv6Addr::from(address.ip).to_canonical(), address.port)
}

/// The record of an endpoint with this id, reachable at the first [`MAX_ADDRESSES`] of these addresses.
pub fn endpoint(id: super::PeerId, addresses: impl IntoIterator<Item = SocketAddr>) -> Endpoint {
    let addresses: Vec<_> = addresses.into_iter().take(MAX_ADDRESSES as usize).map(from_socket).collect();
    Endpoint { id, addresses: addresses.try_into().unwrap_or_default() }
}

/// Where iroh has to dial. Fails when the id is no public key or no address is usable.
pub fn to_iroh(endpoint: &Endpoint) -> Result<iroh::EndpointAddr, NetError> {
    let id = iroh::EndpointId::from_bytes(&endpoint.id)
        .map_err(|_| NetError::Unreachable("the endpoint id is not a public key".into()))?;
    let addresses: Vec<_> = endpoint
        .addresses
        .iter()
        .take(MAX_ADDRESSES as usize)
        .map(|address| to_socket(*address))
        .filter(|address| address.port() != 0 && !address.ip().is_unspecified() && !address.ip().is_multicast())
        .map(iroh::TransportAddr::Ip)
        .collect();
    if addresses.is_empty() {
        return Err(NetError::Unreachable("no usable address is known".into()));
    }
    Ok(iroh::EndpointAddr::from_parts(id, addresses))
}
