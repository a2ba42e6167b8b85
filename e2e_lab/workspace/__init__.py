"""Developer Workspace: adapters from notebook, shell and server to the rooms.

    notebook/   server/   cli.py        the kernel, the sidebar, the shell
    verbs/      jobs/     tables/       what each verb does; long work; rows and profiles
    grammar/    session/                the words of the verbs; what is going on in this process
    across/     showing/                what takes several rooms at once; how answers look

Imports go down only, from face to face; ``lint-imports`` and a test check it.
"""
