"""Services that hold knowledge, as far as a connector reads them, on loopback.

Each speaks the service's own API in the shapes of its documentation: pages, tokens and errors.
"""
