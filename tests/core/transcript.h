// Conversations of a small cluster as text: commands, and below each what happened.
//
//   > timeout a
//   a: campaigns for term 1 (pre-vote)
//   a: Follower -> PreCandidate, term 0: election timeout
//
//   > deliver
//   a->b PreVote term 1, log ends 0:0
//
// Files are in testdata/. RAFTLY_REGENERATE=1 writes them anew, to be reviewed as a diff. Commands:
//
//   nodes N [switch=off …]      a cluster of a, b, c …; a switch is a field of Defences
//   log NODE TERM:INDEX …       the node had this log when it started (before anything else)
//   timeout NODE                its clock moves to its deadline
//   tick MILLISECONDS           all clocks, deadlines included, without delivering anything
//   wait MILLISECONDS           the same, but disks and network work meanwhile
//   disk [NODE …]               finishes the writes of these nodes, or of all
//   deliver [FROM->TO]          what is on its way now; what it causes stays on its way
//   drop [FROM->TO]
//   settle                      disks and network until all is quiet
//   propose NODE DATA    read NODE
//   isolate NODE   cut A B   heal   crash NODE   wipe NODE   rejoin NODE
//   show                        each node's state
#pragma once

#include <string>

namespace raftly {

// `script` with the output below each command replaced by what happens now. Comments (#) and blank lines stay.
std::string Perform(const std::string& script);

}  // namespace raftly
