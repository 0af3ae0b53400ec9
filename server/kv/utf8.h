// Whether bytes are text: UTF-8 as RFC 3629 defines it, so no surrogates, no overlong forms, nothing above U+10FFFF.
#pragma once

#include <string_view>

namespace raftly {

bool IsUtf8(std::string_view text);

}  // namespace raftly
