"""The harness of the interop ring: real peers around one `hookflash serve`.

Nothing here knows what is being proved; the modules beside this folder do. Everything binds to
loopback, on ports that the system hands out, and every process that is started is ended by its id.
"""
