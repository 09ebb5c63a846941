# Thin: each target says what it starts. The rules are in xtask/, the steps of a whole test run in .ci/test.

.PHONY: help run lint test bench generate

help:
	@echo "make run       build, fill a demo company and serve it on this machine"
	@echo "make test      install what the tests need, run all of them"
	@echo "make lint      formatting, clippy and the house's rules"
	@echo "make bench     measure the product beside bare SQL, a million incidents on both databases (hours)"
	@echo "make generate  write the papers of generated/ anew"

run:
	@.ci/demo

lint:
	cargo fmt --all --check
	cargo xtask tidy
	cargo clippy --workspace --all-targets --locked -- -D warnings

test:
	@.ci/install
	@.ci/test

bench:
	cargo xtask bench

generate:
	cargo xtask generate
