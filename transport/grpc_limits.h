// Limits that both halves of GrpcTransport share.
#pragma once

namespace raftly {

// A Go peer sends its whole tail in one message. (What we send ourselves the core keeps well under 4 MiB.)
inline constexpr int kMaxReceiveBytes = 64 << 20;

}  // namespace raftly
