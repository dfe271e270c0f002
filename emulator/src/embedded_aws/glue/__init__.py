"""AWS Glue on this machine: Spark jobs that really run, on top of moto's jobs.

`jobs` says what a job may be and starts its runs, `runs` is one run with its states, `arguments` what the run's script
gets. A run works in a folder of its own: `storage` mirrors S3 into it and brings back what changed, `spark` writes
Spark's configuration, `sandbox` starts the child process, in which `bootstrap` runs the script.

`responses` and `cloudformation` are the doors.
"""
