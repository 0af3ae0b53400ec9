# What to type. Everything compiles below build/<preset>; bin/ points at the release binaries.
#
#   make test        make cluster        make help
.DEFAULT_GOAL := help
SHELL := /bin/bash

NODES ?= 3
DATA ?= data
HOST ?= 127.0.0.1
JOBS ?= $(shell nproc)
SEED ?= 1
SEEDS ?= 1-1000
MESSAGES ?= 10000000
REPETITIONS ?= 3

# `make bench WAL`: what follows bench is a filter, not a target.
ifeq (bench,$(firstword $(MAKECMDGOALS)))
FILTER := $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
$(eval $(FILTER):;@:)
endif

.PHONY: help deps build test test-short test-debug test-asan test-tsan bench load failover handovers anywhere startup soak years cluster lab lab-speed scenario scenarios sim mutants hostile fuzz web screenshots docker-build docker-up docker-down docker-logs fmt lint clean

help:
	@echo 'make build        bin/raftly-server and friends'
	@echo 'make test         builds and runs every test; installs missing Debian packages first'
	@echo 'make test-short   the same without the slow ones'
	@echo 'make test-asan    the tests under AddressSanitizer and UBSan (SHORT=1: without the slow ones)'
	@echo 'make test-tsan    the tests under ThreadSanitizer'
	@echo 'make bench        speed beside the limits of the machine (make bench WAL; JSON=file REPETITIONS=3)'
	@echo 'make load         the same load on our servers and, where it is installed, on etcd (LOAD_NODES=3)'
	@echo 'make failover     kill -9 of the leader to the next accepted write (TIMES=30)'
	@echo 'make startup      how long a server needs to be back with its log, and its memory (ENTRIES="10000 1000000")'
	@echo 'make handovers    context switches, CPU and system calls of a write, by thread (CONNECTIONS=1)'
	@echo 'make anywhere     requests through a follower and through all nodes beside the leader (CONNECTIONS=64)'
	@echo 'make soak         writes at full speed and kill -9 of a random node: is every acknowledged write there (MINUTES=10)'
	@echo 'make years        what ten million writes and a large state cost: memory, starts, snapshots (WRITES= MIB=)'
	@echo 'make cluster      a local three-node cluster, Ctrl-C stops it (NODES=3 DATA=data HOST=127.0.0.1)'
	@echo 'make scenario     one failure, with its defence on and off (NAME= SEED=1 REAL=1 TRACE=1)'
	@echo 'make scenarios    all of them, and a table'
	@echo 'make sim          whole clusters in virtual time, judged by machine (SEEDS=1-1000)'
	@echo 'make lab          the laboratory in a browser: http://localhost:8000/ (HOST=0.0.0.0)'
	@echo 'make lab-speed    what it costs: tracing, shrinking, frames per second (SEEDS=40)'
	@echo 'make mutants      each defence taken away, and what caught it'
	@echo 'make hostile      impossible messages into the core, ten million of them (MESSAGES=10000000)'
	@echo 'make fuzz         random bytes into every reader, with clang, libFuzzer and sanitizers (MINUTES=1 TARGET=)'
	@echo 'make web          web/src -> web/dist, which is committed and part of the server (needs Node)'
	@echo 'make screenshots  pictures of the dashboard for docs/ (needs Node and Chromium)'
	@echo 'make docker-up    three nodes, Prometheus and Grafana (docker-build, docker-down, docker-logs)'
	@echo 'make fmt          formats the C++ files'
	@echo 'make lint         format, dashboard (with Node), clang-tidy, thread-safety analysis, style test'
	@echo 'make deps         installs the Debian packages that building and testing need'
	@echo 'make clean        removes build/ and bin/, keeps data/'

deps:
	@cmake/deps.sh build

build: deps
	@cmake/build.sh release $(JOBS)
	@mkdir -p bin
	@find -L bin -maxdepth 1 -type l -delete
	@for binary in build/release/bin/raftly-*; do [ ! -x "$$binary" ] || ln -sfn "../$$binary" bin/; done

test: build
	@cmake/test.sh release $(JOBS)

test-short: build
	@cmake/test.sh release $(JOBS) --label-exclude slow

test-debug test-asan test-tsan: test-%: deps
	@cmake/build.sh $* $(JOBS)
	@cmake/test.sh $* $(JOBS) $(if $(SHORT),--label-exclude slow)

bench: build
	@bin/raftly-bench $(if $(FILTER),--benchmark_filter='$(firstword $(FILTER))') \
	  --benchmark_repetitions=$(REPETITIONS) --benchmark_report_aggregates_only=$(if $(filter 1,$(REPETITIONS)),false,true) \
	  $(if $(JSON),--benchmark_out='$(JSON)' --benchmark_out_format=json)

load: build
	@cmake/load.sh $(JSON)

handovers: build
	@bench/handovers.sh $(or $(CONNECTIONS),1)

anywhere: build
	@bench/anywhere.sh $(or $(CONNECTIONS),64)

failover: build
	@cmake/failover.sh $(or $(TIMES),30)

startup: build
	@cmake/startup.sh $(ENTRIES)

soak: build
	@cmake/soak.sh $(or $(MINUTES),10)

years: build
	@cmake/years.sh $(WRITES) $(MIB)

cluster: build
	@exec cmake/cluster.sh "$(NODES)" "$(DATA)" "$(HOST)" "$(TLS)"

# An unknown or missing NAME lists the known ones.
scenario: build
	@bin/raftly-scenarios $(NAME) --seed $(SEED) $(if $(REAL),--real) $(if $(TRACE),--trace)

# HOST=0.0.0.0 for who comes from another machine.
lab: build
	@exec bin/raftly-lab serve $(or $(HOST),localhost):8000

scenarios: build
	@bin/raftly-scenarios --all --seed $(SEED) $(if $(REAL),--real) $(if $(TRACE),--trace)

lab-speed: build
	@bench/lab.sh

sim: build
	@bin/raftly-sim --seeds $(SEEDS) --pages build/sim

mutants: build
	@build/release/bin/mutants

docker-build docker-up docker-down docker-logs: docker-%:
	@cmake/docker.sh $*

hostile: build
	@RAFTLY_FUZZ_MESSAGES=$(MESSAGES) build/release/bin/core_test --gtest_filter='Fuzz.*'

fuzz:
	@cmake/fuzz.sh $(or $(MINUTES),1) $(JOBS) $(TARGET)

fmt:
	@cmake/deps.sh format
	@git ls-files --cached --others --exclude-standard '*.h' '*.cc' | xargs -r clang-format-14 -i

web:
	@cmake/web.sh build

screenshots: build
	@cmake/web.sh screenshots

lint:
	@cmake/deps.sh build lint
	@cmake/lint.sh $(JOBS)

clean:
	rm -rf build bin
