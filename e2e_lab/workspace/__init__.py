"""Developer Workspace: adapters from notebook, shell and server to the rooms."""
