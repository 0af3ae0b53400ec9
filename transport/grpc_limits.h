// Limits that both halves of GrpcTransport share.
#pragma once

namespace raftly {

// A Go peer sends its whole tail in one message. (What we send ourselves the core keeps well under 4 MiB.)
inline constexpr int kMaxReceiveBytes = 64 << 20;

// How much a peer may send ahead of what is read. With gRPC's own way of finding that out, a ping for each burst of
// bytes, every append is answered twice.
inline constexpr int kReadAheadBytes = 4 << 20;

}  // namespace raftly
