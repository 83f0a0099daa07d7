// What nginx's stream phases call: a TLS listener's look at the client's hello, the session's way
// from its route over the plugins to the proxy module, and its end.
#pragma once

#include "nginx/stream/stream_ngx.h"
#include "runtime/phase_runner.h"

namespace silverback::nginx {

class StreamSession;

ngx_int_t StreamAccessPhase(ngx_stream_session_t* s);
void StreamContent(ngx_stream_session_t* s);
ngx_int_t StreamLogPhase(ngx_stream_session_t* s);

// Takes the session on after its plugins have waited.
void ContinueSession(StreamSession& session, runtime::Outcome outcome);

}  // namespace silverback::nginx
