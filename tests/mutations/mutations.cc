#include "tests/mutations/mutations.h"

namespace raftly {

namespace {

// Of changes of the members.
std::vector<Mutation> WithMembers(std::vector<Mutation> all) {
  const std::vector<Mutation> more = {
      {"joint_consensus", NamedTest{"core_test", "Membership.WhatIsNotLegalIsRefused"}},
      {"joint_consensus", Simulator{"disjoint quorums", 60}},
      {"change_after_own_entry", NamedTest{"core_test", "Membership.AChangeBeginsOnlyWithACommittedEntryOfTheOwnTerm"}},
      {"change_after_own_entry",
       NamedTest{"core_test", "RuleOnAndOff/SingleServerChanges.Ongaro2015_TwoLeadersMajoritiesHaveACommonServer/On"}},
      {"change_after_own_entry", NamedTest{"lab_test", "MemberIncidents.TwoLeadersChangeTheMembersInTurn"}},
      {"configuration_when_appended",
       NamedTest{"core_test", "Membership.Sec6_AConfigurationHoldsFromWhenItIsAppended"}},
      {"configuration_when_appended", Simulator{"members", 30}},
      {"configuration_goes_with_log",
       NamedTest{"core_test", "Membership.Sec6_AConfigurationGoesBackWithTheLogThatBroughtIt"}},
      {"configuration_goes_with_log", Simulator{"members", 200}},
      {"joiners_catch_up", NamedTest{"core_test", "Amnesia.AnOldNameMakesNobodyAVoterOfAnOldConfiguration"}},
      {"joiners_catch_up", NamedTest{"lab_test", "MemberIncidents.WipedServersElectNobody"}},
  };
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

const std::vector<Mutation>& AllMutations() {
  static const std::vector<Mutation> all = WithMembers({
      {"election_restriction", NamedTest{"core_test", "Logs/UpToDate.Sec5_4_1_LaterTermThenLongerLogInBothPhases/2"}},
      {"election_restriction", Simulator{"leader completeness", 30}},
      {"one_vote_per_term", NamedTest{"core_test", "Vote.Sec5_2_FirstComeFirstServed"}},
      {"one_vote_per_term", Simulator{"one vote per term", 30}},
      {"vote_persistence", NamedTest{"core_test", "Vote.Figure2_AVoteSurvivesACrash"}},
      {"vote_persistence", Simulator{"durability", 10}},
      {"quorum_commit", NamedTest{"core_test", "Durability.CommitBeforeTheQuorumIsWhatTheDefencePrevents"}},
      {"quorum_commit", Simulator{"durable on a quorum", 10}},
      // Figure 8 takes more coincidences than random runs have.
      {"current_term_commit",
       NamedTest{"core_test", "RuleOnAndOff/Figure8.Sec5_4_2_AnEntryOfAnEarlierTermIsNotCommittedByCounting/On"}},
      {"log_matching", NamedTest{"core_test", "Replication.Sec5_3_FollowerRejectsAnotherTermAtPrev"}},
      {"log_matching", Simulator{"log matching", 40}},
      // Each clamp hides the other.
      {"clamp_commit_on_send", NamedTest{"core_test", "Commit.IsClampedOnSendingToWhatTheMessageProves"}},
      {"clamp_commit_on_receive", NamedTest{"core_test", "Commit.IsClampedOnReceiptToWhatTheMessageProves"}},
      {"clamp_commit_on_send,clamp_commit_on_receive", Simulator{"state machine safety", 20}},
      {"waiter_term", NamedTest{"node_test", "Pending.AnotherLeadersEntryAtTheSameIndexMeansOverwritten"}},
      {"waiter_term", Simulator{"acknowledged write", 20}},
      {"lower_in_flight_writes",
       NamedTest{"core_test", "Truncation.AWriteThatItOvertookVouchesForNothingThatWentAway"}},
      {"lower_in_flight_writes", Simulator{"durable on a quorum", 120}},
      // Pre-vote and stickiness hide each other.
      {"pre_vote", NamedTest{"core_test", "PreVote.ChangesNothingOnTheCandidatesSide"}},
      {"stickiness", NamedTest{"core_test", "Stickiness.NoVoteAndNoTermWhileALeaderIsHeard"}},
      {"pre_vote,stickiness", Simulator{"liveness", 100}},
      {"pre_vote,stickiness", NamedTest{"lab_test", "MemberIncidents.ARemovedServerDeposesNobody"}},
      {"check_quorum", NamedTest{"core_test", "CheckQuorum.ALeaderThatNobodyAnswersStepsDownAfterOneElectionTimeout"}},
      {"check_quorum", Simulator{"liveness", 20}},
      // Check-quorum hides most unconfirmed reads.
      {"member_check", NamedTest{"core_test", "Strangers.GetNothing"}},
      {"evidence_asks_first", NamedTest{"core_test", "Evidence.FalseEvidenceDeposesNobody"}},
      {"election_jitter", NamedTest{"core_test", "Election.Sec5_2_TimeoutsAreRandomInOneToTwoElectionTimeouts"}},
      {"network_watchdog", NamedTest{"core_test", "SlowNetwork.ALeaderFarFromAllOthersHandsTheLeadOver"}},
      {"disk_watchdog", NamedTest{"core_test", "DiskWatchdog.ALeaderWhoseDiskStandsStillLeavesTheLead"}},
      {"read_confirmation", NamedTest{"core_test", "Read.Thesis6_4_AQuorumConfirmsTheLeaderFirst"}},
      {"read_confirmation,check_quorum", Simulator{"linearizability", 60}},
      {"read_before_asking", NamedTest{"core_test", "ReadAtAFollower.Thesis6_4_TakesNoAnswerToWhatWasAskedBeforeIt"}},
      {"sync_before_promise", NamedTest{"core_test", "Vote.Figure2_TermAndVoteAreOnDiskBeforeTheVoteIsSent"}},
      {"sync_before_promise", NamedTest{"storage_test", "Wal.WhatIsSyncedSurvivesACrash"}},
      {"sync_before_promise", Simulator{"durability", 10}},
      // A log that goes beyond a snapshot and contradicts it: one seed in a thousand.
      {"discard_conflicting_log", NamedTest{"core_test", "TakeSnapshotUp.ALogThatContradictsIsThrownAwayWhole"}},
      {"refuse_stale_snapshot", NamedTest{"core_test", "TakeSnapshotUp.OneThatComesLateChangesNothing"}},
      {"snapshot_before_log", NamedTest{"node_test", "Compacting.WhereNoSnapshotCanBeMadeNoLogGoes"}},
      {"snapshot_before_log", Simulator{"recovery", 80}},
      {"sync_before_rename", NamedTest{"storage_test", "SnapshotStore.WhatHasItsNameIsWholeAfterACrash"}},
      {"sync_before_rename", Simulator{"snapshot", 20}},
      {"configuration_in_snapshot", NamedTest{"node_test", "Compacting.AWipedNodeLearnsItsClusterFromTheSnapshot"}},
      {"snapshot_at_one_index", Simulator{"equal states", 60}},
      {"one_install_at_a_time", NamedTest{"core_test", "InstallSnapshot.ANewerSnapshotDoesNotReplaceOneThatMoves"}},
      {"verify_checksums", NamedTest{"storage_test", "WalRecovery.ADamagedCommandIsNotReplayed"}},
      {"verify_checksums", Simulator{"log matching", 80}},
      {"truncate_torn_tail", NamedTest{"storage_test", "WalCrash.WhatIsSyncedAfterATornTailSurvivesTheNextCrash"}},
      {"truncate_torn_tail", Simulator{"durability", 20}},
      {"final_sync_failure", NamedTest{"storage_test", "Wal.AFailedSyncIsNotTriedAgain"}},
      {"final_sync_failure", Simulator{"recovery", 20}},
      {"repair_proof", NamedTest{"node_test", "DamageInACluster.APeerSaysHowItsLogRelatesToTheProof"}},
      {"disk_reserve", NamedTest{"storage_test", "Wal.OnAFullDiskWhatFitsIsTakenAndNewWorkIsNot"}},
      {"deduplication", NamedTest{"chaos_test", "Machine.TakesACommandOfOneKeyOnce"}},
      {"deduplication", Simulator{"exactly once", 40}},
      {"answers_in_snapshots", NamedTest{"chaos_test", "Machine.KnowsWhatItAnsweredAfterBeingTakenDownAndUp"}},
      {"answers_in_snapshots", Simulator{"equal states", 40}},
      {"conditions_when_applied", NamedTest{"chaos_test", "Conditions.AreDecidedWhenAppliedAndNotBefore"}},
      {"conditions_when_applied", Simulator{"linearizability", 40}},
  });
  return all;
}

}  // namespace raftly
