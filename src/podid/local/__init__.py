"""Local mode: the whole of podid on one machine, under one supervisor.

    home          where everything lies in PODID_HOME          tools       the `aws` and `kubectl` that wheels carry
    installation  what was decided at the first start           parts       the command line of each process
    supervisor    starts the parts, watches them, ends them     environment what a person's shell needs to reach them
    detach, stop  from outside: start in the background, end    demo/       the walk-through, told

Nothing here knows AWS or Kubernetes: it composes the rooms that do.
"""
