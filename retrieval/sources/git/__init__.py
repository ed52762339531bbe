"""The `git` source: the files of a branch of a Git repository."""
